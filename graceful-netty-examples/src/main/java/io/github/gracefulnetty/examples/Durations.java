// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import picocli.CommandLine.TypeConversionException;

/** Durations on the command line: {@code 30s}, {@code 500ms}, {@code 2m}. */
final class Durations {
    private Durations() {}

    static Duration parse(String text) {
        try {
            Duration duration = text.endsWith("ms")
                    ? Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2)))
                    : Duration.parse("PT" + text);
            if (duration.isNegative()) {
                throw new TypeConversionException("'" + text + "' is negative");
            }
            return duration;
        } catch (DateTimeParseException | NumberFormatException e) {
            throw new TypeConversionException("'" + text + "' is not a duration, write for instance 30s or 500ms");
        }
    }
}
