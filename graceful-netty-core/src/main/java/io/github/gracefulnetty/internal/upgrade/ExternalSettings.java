// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Settings from outside the code: the system property {@code gracefulnetty.drainTimeout} or the environment variable
 * {@code GRACEFUL_NETTY_DRAIN_TIMEOUT}; the property wins.
 */
public final class ExternalSettings {
    private final UnaryOperator<String> properties;
    private final Map<String, String> environment;

    public ExternalSettings(UnaryOperator<String> properties, Map<String, String> environment) {
        this.properties = properties;
        this.environment = environment;
    }

    /** Those of this process. */
    public static ExternalSettings ofThisProcess() {
        return new ExternalSettings(System::getProperty, System.getenv());
    }

    /**
     * Gives the setting to {@code setter} if it is set.
     *
     * @param name as the builder calls it
     * @throws IllegalArgumentException if the setter throws one; the message names the property or variable
     */
    public void use(String name, Consumer<String> setter) {
        String property = "gracefulnetty." + name;
        String variable = "GRACEFUL_NETTY_" + name.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
        String value = properties.apply(property);
        String source = property;
        if (value == null) {
            value = environment.get(variable);
            source = variable;
        }
        if (value == null || value.isEmpty()) {
            return;
        }
        try {
            setter.accept(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(source + "=" + value + ": " + e.getMessage(), e);
        }
    }

    /** A whole number. */
    public static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("not a number", e);
        }
    }

    /** {@code 30s}, {@code 500ms}, {@code 2m}, {@code 1h}, or what {@link Duration#parse} reads. */
    public static Duration duration(String text) {
        try {
            if (text.endsWith("ms")) {
                return Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2)));
            }
            return Duration.parse(text.startsWith("P") ? text : "PT" + text);
        } catch (DateTimeParseException | NumberFormatException e) {
            throw new IllegalArgumentException("not a duration, write for instance 30s, 500ms or 2m", e);
        }
    }

    /** {@code true} or {@code false}. */
    public static boolean bool(String value) {
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("write true or false");
        };
    }

    /** Names that are separated by commas; {@code none} for none. */
    public static String[] signals(String value) {
        return value.equalsIgnoreCase("none")
                ? new String[0]
                : Arrays.stream(value.split(",", -1)).map(String::trim).toArray(String[]::new);
    }
}
