// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A predecessor that was stopped when it had handed over comes back when its successor is long gone, and does no damage. */
@Tag("once")
class PausedPredecessorIT {
    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldLeaveEverythingToTheGenerationThatServesByThen() throws IOException {
        Path handoff = directory.resolve("handoff.sock");
        Path pidFile = directory.resolve("app.pid");
        RunningProcess server = processes.start(JavaCommand.http("--port", "0", "--handoff", handoff.toString())
                .with("--pid-file", pidFile.toString(), "--drain-timeout", "1s", "--upgrade-timeout", "20s")
                .environment("GRACEFUL_NETTY_PROBATION", "1s"));
        ServerGeneration first = server.awaitReady(1);
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        Proc.stop(first.pid());
        second.hup();
        ServerGeneration third = server.awaitReady(3);
        Object inode = Files.getAttribute(handoff, "unix:ino");
        second.awaitEnd(); // it has waited for the first one, as long as a drain may take
        Proc.signal("CONT", first.pid());
        first.awaitEnd();
        processes.awaitOnly(third);
        assertThat(Files.getAttribute(handoff, "unix:ino")).isEqualTo(inode);
        assertThat(pidFile).hasContent(third.pid() + "\n");
        for (int i = 0; i < 8; i++) {
            try (HttpConnection connection = HttpConnection.to(third.address())) {
                assertThat(connection.get("/").pid()).isEqualTo(third.pid());
            }
        }
        third.hup();
        server.awaitReady(4);
    }
}
