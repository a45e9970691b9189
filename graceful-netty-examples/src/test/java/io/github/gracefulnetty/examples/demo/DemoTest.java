// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class DemoTest {

    @TempDir
    private Path directory = Path.of("");

    @Test
    void failsWithAReportWhenTheServerDiesInsteadOfBeingReplaced() throws Exception {
        assertThat(demo(FakeServer.class)).isEqualTo(1);

        assertThat(Files.readString(directory.resolve("out/report.html")))
                .contains("<h1 class='bad'>", "ended before its successor was ready");
        assertNoProcessIsLeft();
    }

    @Test
    void failsWhenTheServerDoesNotStart() throws Exception {
        assertThat(demo(FakeServer.Stillborn.class)).isEqualTo(1);

        assertThat(directory.resolve("out/report.html")).doesNotExist();
        assertThat(directory.resolve("out/servers.log")).content().contains("no server");
        assertNoProcessIsLeft();
    }

    private int demo(Class<?> server) throws Exception {
        return new CommandLine(new Demo())
                .execute(
                        "--jar",
                        FakeServer.jar(directory, server).toString(),
                        "--report",
                        directory.resolve("out/report.html").toString(),
                        "--pause-seconds",
                        "0");
    }

    private static void assertNoProcessIsLeft() {
        assertThat(ProcessHandle.current().descendants()).isEmpty();
    }
}
