// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Programs of the system that a test needs. */
public final class Programs {
    private Programs() {}

    /** Skips the test, visibly, if {@code program} is not installed. */
    public static String require(String program, String debianPackage) {
        // Servers are where only root looks.
        Optional<Path> found = Stream.of((System.getenv("PATH") + ":/usr/sbin").split(File.pathSeparator, -1))
                .map(path -> Path.of(path, program))
                .filter(Files::isExecutable)
                .findFirst();
        assumeTrue(found.isPresent(), program + " is missing: install the Debian package " + debianPackage);
        return found.get().toString();
    }
}
