// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * An installed Java that is newer than the one that runs the tests.
 *
 * @param home its directory
 * @param version its feature release
 */
record NewerJava(Path home, int version) {
    private static final Path INSTALLED = Path.of("/usr/lib/jvm");

    /** The newest one; skips the test, visibly, if there is none of at least that version. */
    static NewerJava require(int version) {
        Optional<NewerJava> newest = all().stream()
                .filter(java -> java.version() >= version
                        && java.version() > Runtime.version().feature())
                .max(Comparator.comparingInt(NewerJava::version));
        assumeTrue(
                newest.isPresent(),
                "no Java of version " + version + " or later, and newer than the one that runs the tests, in "
                        + INSTALLED + ": install one, for example the Debian package temurin-25-jdk of Adoptium");
        return newest.orElseThrow();
    }

    private static List<NewerJava> all() {
        if (!Files.isDirectory(INSTALLED)) {
            return List.of();
        }
        try (Stream<Path> homes = Files.list(INSTALLED)) {
            return homes.filter(home ->
                            Files.isReadable(home.resolve("release")) && Files.isExecutable(home.resolve("bin/java")))
                    .map(home -> new NewerJava(home, versionOf(home)))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int versionOf(Path home) {
        Properties release = new Properties();
        try (Reader reader = Files.newBufferedReader(home.resolve("release"))) {
            release.load(reader);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Runtime.Version.parse(release.getProperty("JAVA_VERSION").replace("\"", ""))
                .feature();
    }

    Path java() {
        return home.resolve("bin/java");
    }
}
