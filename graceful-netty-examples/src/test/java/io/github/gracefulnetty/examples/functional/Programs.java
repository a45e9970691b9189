// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Programs of the system that a test needs. */
public final class Programs {
    private Programs() {}

    /** Skips the test, visibly, if {@code program} is not installed. */
    public static String require(String program, String debianPackage) {
        assumeTrue(
                Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                        .anyMatch(path -> Files.isExecutable(Path.of(path, program))),
                program + " is missing: install the Debian package " + debianPackage);
        return program;
    }
}
