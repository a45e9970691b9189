// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/conformance.md names tests that exist. */
class ConformanceDocumentTest {
    private static final Path ROOT = Path.of("..");

    @Test
    void shouldNameTestsThatExist() throws IOException {
        Matcher named = Pattern.compile("`(\\w+(?:Test|IT))\\.(\\w+)`")
                .matcher(Files.readString(ROOT.resolve("docs/conformance.md")));
        int count = 0;
        while (named.find()) {
            assertThat(source(named.group(1))).contains("void " + named.group(2) + "(");
            count++;
        }
        assertThat(count).isGreaterThan(60);
    }

    private static String source(String test) throws IOException {
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path module : modules.map(path -> path.resolve("src/test/java"))
                    .filter(Files::isDirectory)
                    .toList()) {
                try (Stream<Path> files = Files.walk(module)) {
                    for (Path file :
                            files.filter(path -> path.endsWith(test + ".java")).toList()) {
                        return Files.readString(file);
                    }
                }
            }
        }
        throw new AssertionError("there is no test " + test);
    }
}
