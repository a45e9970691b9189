// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTailTest {

    @TempDir
    private Path directory = Path.of("");

    @Test
    void returnsEachLineOnceItIsComplete() throws Exception {
        Path log = Files.createFile(directory.resolve("log"));
        try (LogTail tail = new LogTail(log)) {
            assertThat(tail.newLines()).isEmpty();
            append(log, "one\ntw");
            assertThat(tail.newLines()).containsExactly("one");
            append(log, "o");
            assertThat(tail.newLines()).isEmpty();
            append(log, "\n\nthree\n" + "x".repeat(20_000) + "\n");
            assertThat(tail.newLines()).containsExactly("two", "", "three", "x".repeat(20_000));
            assertThat(tail.newLines()).isEmpty();
        }
    }

    private static void append(Path log, String text) throws IOException {
        Files.writeString(log, text, StandardOpenOption.APPEND);
    }
}
