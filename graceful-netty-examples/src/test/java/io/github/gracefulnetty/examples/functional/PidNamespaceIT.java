// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Two containers that share a directory: both servers have the pid 1, and neither sees the other's process. */
@Tag("once")
class PidNamespaceIT {
    private static final String[] CONTAINER = {"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"};

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private Path pidFile;
    private Path steps;

    @BeforeEach
    void prepare() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/unshare")), "unshare is missing: install util-linux");
        int status = new ProcessBuilder("unshare", "--pid", "--fork", "--mount-proc", "true")
                .start()
                .waitFor();
        assumeTrue(status == 0, "this user may not make a pid namespace: only root may");
        pidFile = directory.resolve("app.pid");
        steps = Files.createDirectory(directory.resolve("steps"));
    }

    /** It cannot see the other one's process: that its own socket answers at the path is no sign of life of the other. */
    @Test
    void shouldServeOnWhenTheOtherContainerIsKilledOnProbation() throws IOException {
        RunningProcess first = start("PT10M");
        first.out().await("SERVES pid=1 generation=1");
        RunningProcess second = start("PT0S");
        second.out().await("SERVES pid=1 generation=2");
        first.err().await("upgrade 1->2: handed over");
        first.kill();
        first.awaitExit();
        RunningProcess third = start("PT0S");
        third.out().await("SERVES pid=1 generation=3");
        second.out().await("ENDS handedOver=true");
        assertThat(second.awaitExit()).as(second::report).isZero();
        assertThat(second.err().text()).doesNotContain("has taken everything back");
        new Steps(steps).begin("stop");
        assertThat(third.awaitExit()).as(third::report).isZero();
    }

    private RunningProcess start() {
        return start("PT0S");
    }

    private RunningProcess start(String probation) {
        Path handoff = directory.resolve("handoff.sock");
        return processes.start(JavaCommand.main(
                        ContainedServer.class, handoff.toString(), pidFile.toString(), steps.toString(), probation)
                .through(CONTAINER));
    }

    @Test
    void shouldHandOverAndLeaveThePidFileOfTheOtherContainerAlone() throws IOException {
        RunningProcess first = start();
        first.out().await("SERVES pid=1 generation=1");
        Object inode = Files.getAttribute(pidFile, "unix:ino");
        RunningProcess second = start();
        second.out().await("SERVES pid=1 generation=2");
        first.out().await("ENDS handedOver=true");
        assertThat(first.awaitExit()).as(first::report).isZero();
        assertThat(pidFile).hasContent("1\n");
        assertThat(Files.getAttribute(pidFile, "unix:ino")).isNotEqualTo(inode);
        new Steps(steps).begin("stop");
        second.out().await("ENDS handedOver=false");
        assertThat(second.awaitExit()).as(second::report).isZero();
        try (var left = Files.list(directory)) {
            assertThat(left).containsExactly(steps);
        }
    }
}
