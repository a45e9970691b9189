// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * The lines that a process, and whoever inherited its stream, has written so far. They go to a file: Java closes its end
 * of a pipe as soon as the process that it started ends, whoever else writes to it.
 */
public final class Output {
    private final String name;
    private final Path file;
    private final BooleanSupplier written;

    /** @param written whether somebody has the file open to write to it */
    Output(String name, Path file, BooleanSupplier written) {
        this.name = name;
        this.file = file;
        this.written = written;
    }

    /** The complete lines. */
    public List<String> lines() {
        String text = text();
        return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    }

    public String text() {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether nobody can write any more. */
    public boolean hasEnded() {
        return !written.getAsBoolean();
    }

    /** Waits for a line; fails at once when none can come any more. */
    public String await(String what, Predicate<String> wanted) {
        Await.until(what + " on " + name, () -> {
            boolean wasOver = hasEnded();
            if (lines().stream().anyMatch(wanted)) {
                return true;
            }
            if (wasOver) {
                throw new AssertionError(name + " ended without: " + what);
            }
            return false;
        });
        return lines().stream().filter(wanted).findFirst().orElseThrow();
    }

    /** Waits for a line that contains {@code part}. */
    public String await(String part) {
        return await("a line with '" + part + "'", line -> line.contains(part));
    }

    /** How many lines contain {@code part} so far. */
    public long count(String part) {
        return lines().stream().filter(line -> line.contains(part)).count();
    }
}
