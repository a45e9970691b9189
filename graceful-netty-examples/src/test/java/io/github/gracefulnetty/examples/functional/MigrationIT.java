// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.gracefulnetty.examples.functional.IdleConnections.Answers;
import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.Profile;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Connections outlive the processes that serve them. */
class MigrationIT {
    private static final int UPGRADES = 10;
    private static final Pattern DRAINED =
            Pattern.compile("drained (\\d+) connections in (\\d+) ms, (\\d+) of them closed by force, (\\d+) moved");

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldKeepEveryConnectionOverTenUpgrades() {
        RunningProcess server = processes.start(JavaCommand.http("--port", Integer.toString(FreePort.find()))
                .environment("GRACEFUL_NETTY_PROBATION", "0s"));
        ServerGeneration current = server.awaitReady(1);
        try (StrictClient client = StrictClient.builder()
                        .address(current.address())
                        .profile(Profile.busy(64))
                        .profile(Profile.paced(500, Duration.ofMillis(50)))
                        .start();
                IdleConnections idle = new IdleConnections(current.address(), 100)) {
            Await.until("all connected", () -> client.snapshot().connections() == 564);
            assertThat(idle.ask().from(current.pid())).isEqualTo(100);
            for (int upgrade = 1; upgrade <= UPGRADES; upgrade++) {
                ServerGeneration old = current;
                old.hup();
                current = server.awaitReady(upgrade + 1);
                // It ends when it has none left, and none of them was closed.
                old.awaitEnd();
                assertThat(idle.ask().from(current.pid())).isEqualTo(100);
            }
            LoadResult result = client.stop();
            assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
            assertThat(result.reconnects()).as("%s", result).isZero();
            assertThat(result.generations()).hasSize(UPGRADES + 1);
        }
        assertThat(server.err().text()).doesNotContainPattern("[1-9]\\d* of them closed by force");
        processes.awaitOnly(current);
    }

    @Test
    void shouldMoveThousandsOfIdleConnectionsAndAnswerOnAllOfThemMeanwhile() {
        int count = 10_000; // each is a descriptor of the test, too, and of either server
        RunningProcess server = processes.start(JavaCommand.http("--port", Integer.toString(FreePort.find()))
                .environment("GRACEFUL_NETTY_PROBATION", "0s"));
        ServerGeneration old = server.awaitReady(1);
        try (IdleConnections idle = new IdleConnections(old.address(), count)) {
            assertThat(idle.ask().from(old.pid())).isEqualTo(count);
            old.hup();
            ServerGeneration young = server.awaitReady(2);
            Answers meanwhile = idle.ask();
            assertThat(meanwhile.from(old.pid()) + meanwhile.from(young.pid())).isEqualTo(count);
            assertThat(meanwhile.closing()).isZero();
            old.awaitEnd();
            assertThat(idle.ask().from(young.pid())).isEqualTo(count);
            Matcher drained = DRAINED.matcher(server.err().text());
            assertThat(drained.find()).isTrue();
            assertThat(drained.group(4)).isEqualTo(Integer.toString(count));
            System.out.println("MigrationIT: " + drained.group());
        }
        processes.awaitOnly(server.awaitReady(2));
    }

    @Test
    void shouldLeaveWithThePredecessorWhatTheSuccessorHasNoRoomFor() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/prlimit")), "prlimit is missing: install util-linux");
        int count = 500;
        RunningProcess server =
                processes.start(JavaCommand.http("--port", "0", "--handoff", handoff(), "--drain-timeout", "10m"));
        ServerGeneration old = server.awaitReady(1);
        try (IdleConnections idle = new IdleConnections(old.address(), count)) {
            assertThat(idle.ask().from(old.pid())).isEqualTo(count);
            RunningProcess copy = processes.start(
                    JavaCommand.http("--port", Integer.toString(old.address().getPort()), "--handoff", handoff())
                            .through("prlimit", "--nofile=300:300"));
            ServerGeneration young = copy.awaitReady(2);
            Answers answers = idle.ask();
            assertThat(answers.from(old.pid()) + answers.from(young.pid())).isEqualTo(count);
            Await.until("no room", () -> Proc.descriptors(young.pid()).size() == 300);
            Answers later = idle.ask();
            assertThat(later.from(young.pid())).isBetween(1L, 300L);
            assertThat(later.from(old.pid()) + later.from(young.pid()) + answers.closing())
                    .isEqualTo(count);
        }
    }

    @Test
    void shouldOwnEachConnectionOnceWhenTheSuccessorIsKilledInTheMiddle() {
        killInTheMiddle(true);
    }

    @Test
    void shouldOwnEachConnectionOnceWhenThePredecessorIsKilledInTheMiddle() {
        killInTheMiddle(false);
    }

    private String handoff() {
        return directory.resolve("handoff.sock").toString();
    }

    private void killInTheMiddle(boolean successor) {
        int count = 3_000;
        int inTheMiddle = 300;
        RunningProcess server =
                processes.start(JavaCommand.http("--port", Integer.toString(FreePort.find()), "--handoff", handoff()));
        ServerGeneration old = server.awaitReady(1);
        try (IdleConnections idle = new IdleConnections(old.address(), count)) {
            assertThat(idle.ask().from(old.pid())).isEqualTo(count);
            old.hup();
            ServerGeneration young = server.awaitReady(2);
            Await.until("some have moved", () -> Proc.descriptors(young.pid()).size() > inTheMiddle);
            ServerGeneration killed = successor ? young : old;
            ServerGeneration survivor = successor ? old : young;
            killed.kill();
            killed.awaitEnd();
            // Each has an answer or has ended; which of both, is not for the client to know.
            Answers answers = idle.ask();
            assertThat(answers.from(survivor.pid()) + answers.from(0)).isEqualTo(count);
            System.out.println("MigrationIT: " + answers.from(survivor.pid()) + " of " + count + " were those of the "
                    + (successor ? "predecessor" : "successor") + " when the other was killed");
        }
        if (successor) {
            old.term();
        }
    }
}
