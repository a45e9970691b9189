// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The PID file names the process that serves, whatever happens. */
@Tag("once")
class PidFileIT {
    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private RunningProcess start(Path pidFile, String probation) {
        return processes.start(JavaCommand.http("--port", "0", "--pid-file", pidFile.toString())
                .environment("GRACEFUL_NETTY_PROBATION", probation));
    }

    private static void assertNames(Path pidFile, long pid) throws IOException {
        assertThat(pidFile).hasContent(pid + "\n");
        try (var files = Files.list(pidFile.getParent())) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .as("nothing temporary is left")
                    .noneMatch(name -> name.startsWith(".gn-"));
        }
    }

    @Test
    void shouldNameTheProcessThatServes() throws IOException {
        Path pidFile = directory.resolve("app.pid");
        Files.writeString(pidFile, "1\n", StandardCharsets.US_ASCII); // of a process that crashed
        RunningProcess server = start(pidFile, "0s");
        ServerGeneration first = server.awaitReady(1);
        assertNames(pidFile, first.pid());
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        assertNames(pidFile, second.pid());
        first.awaitEnd();
        assertNames(pidFile, second.pid());
        second.term();
        second.awaitEnd();
        assertThat(pidFile).doesNotExist();
    }

    @Test
    void shouldNameThePredecessorAgainWhenTheSuccessorDies() throws IOException {
        Path pidFile = directory.resolve("app.pid");
        RunningProcess server = start(pidFile, "2m");
        ServerGeneration first = server.awaitReady(1);
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        assertNames(pidFile, second.pid());
        second.kill();
        server.err().await("this process serves again");
        Await.until(
                "the PID file names the predecessor",
                () -> Files.readString(pidFile).equals(first.pid() + "\n"));
        assertNames(pidFile, first.pid());
        try (HttpConnection connection = HttpConnection.acceptedBy(first)) {
            assertThat(connection.get("/").pid()).isEqualTo(first.pid());
        }
        first.term();
        first.awaitEnd();
        assertThat(pidFile).doesNotExist();
    }

    @Test
    void shouldServeOnWhenTheDiskIsFull() throws IOException, InterruptedException {
        Path full = Files.createDirectory(directory.resolve("full"));
        boolean mounted = new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", full.toString())
                        .start()
                        .waitFor()
                == 0;
        assumeTrue(mounted, "this user may not mount a small file system");
        try {
            Path pidFile = full.resolve("app.pid");
            RunningProcess server = start(pidFile, "0s");
            ServerGeneration first = server.awaitReady(1);
            fill(full.resolve("everything"));
            first.hup();
            server.err().await("this process serves on");
            assertThat(server.err().text()).contains("the PID file " + pidFile + " cannot be written", "No space left");
            assertNames(pidFile, first.pid());
            Files.delete(full.resolve("everything"));
            first.hup();
            ServerGeneration second = server.awaitReady(2);
            assertNames(pidFile, second.pid());
            first.awaitEnd();
            second.term();
            second.awaitEnd();
        } finally {
            Proc.run("umount", full.toString());
        }
    }

    private static void fill(Path file) {
        try {
            Files.write(file, new byte[1 << 20]);
            throw new AssertionError("the disk is not full");
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }
}
