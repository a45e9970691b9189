// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Settings of the process-wide instance: the system property {@code gracefulnetty.drainTimeout} or the environment
 * variable {@code GRACEFUL_NETTY_DRAIN_TIMEOUT}; the property wins.
 */
final class ProcessSettings {
    private final UnaryOperator<String> properties;
    private final Map<String, String> environment;

    private ProcessSettings(UnaryOperator<String> properties, Map<String, String> environment) {
        this.properties = properties;
        this.environment = environment;
    }

    static Graceful.Builder read(UnaryOperator<String> properties, Map<String, String> environment) {
        Graceful.Builder builder = Graceful.builder()
                .readyWhenListenersAreClaimed(true)
                .upgradeOnSignal("HUP")
                .stopOnSignal("TERM", "INT");
        ProcessSettings settings = new ProcessSettings(properties, environment);
        settings.use("handoffPath", value -> builder.handoffPath(Path.of(value)));
        settings.use("pidFile", value -> builder.pidFile(Path.of(value)));
        settings.use("application", builder::application);
        settings.use("drainTimeout", value -> builder.drainTimeout(duration(value)));
        settings.use("upgradeTimeout", value -> builder.upgradeTimeout(duration(value)));
        settings.use("probation", value -> builder.probation(duration(value)));
        settings.use("maxDraining", value -> builder.maxDraining(number(value)));
        settings.use("migrateConnections", value -> builder.migrateConnections(bool(value)));
        settings.use("upgradeOnSignal", value -> builder.upgradeOnSignal(signals(value)));
        settings.use("stopOnSignal", value -> builder.stopOnSignal(signals(value)));
        return builder;
    }

    /** The default of all instances. */
    static Duration probation(UnaryOperator<String> properties, Map<String, String> environment) {
        Duration[] value = {Duration.ofSeconds(10)};
        new ProcessSettings(properties, environment).use("probation", text -> value[0] = duration(text));
        return value[0];
    }

    private void use(String name, Consumer<String> setter) {
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

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("not a number", e);
        }
    }

    /** {@code 30s}, {@code 500ms}, {@code 2m}, {@code 1h}, or what {@link Duration#parse} reads. */
    static Duration duration(String text) {
        try {
            if (text.endsWith("ms")) {
                return Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2)));
            }
            return Duration.parse(text.startsWith("P") ? text : "PT" + text);
        } catch (DateTimeParseException | NumberFormatException e) {
            throw new IllegalArgumentException("not a duration, write for instance 30s, 500ms or 2m", e);
        }
    }

    private static boolean bool(String value) {
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("write true or false");
        };
    }

    private static String[] signals(String value) {
        return value.equalsIgnoreCase("none")
                ? new String[0]
                : Arrays.stream(value.split(",", -1)).map(String::trim).toArray(String[]::new);
    }
}
