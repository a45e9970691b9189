// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.Profile;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example, started as a user does, is replaced under load. */
class SpringUpgradeIT {
    private static final int UPGRADES = 3;
    private static final int TERMINATED = 128 + 15;
    private static final String JAR = Path.of("target", "graceful-netty-example-spring.jar")
            .toAbsolutePath()
            .toString();

    @TempDir
    Path directory;

    @Test
    void shouldLoseNothingWhenHupAndThenASecondCopyReplaceIt() throws Exception {
        String handoff = "--graceful-netty.handoff-path=" + directory.resolve("handoff.sock");
        try (ServerProcess server = ServerProcess.start("-jar", JAR, "--server.port=0", handoff)) {
            ServerProcess.Ready current = server.awaitReady(1);
            try (StrictClient client = load(current)) {
                for (int generation = 2; generation <= UPGRADES + 1; generation++) {
                    awaitAnswers(client, current);
                    ServerProcess.Ready old = current;
                    old.signal("HUP");
                    current = server.awaitReady(generation);
                    awaitAnswers(client, current);
                    old.awaitEnd();
                }
                assertThat(server.awaitExit()).as("%s", server).isZero();
                try (ServerProcess copy = ServerProcess.start("-jar", JAR, "--server.port=0", handoff)) {
                    ServerProcess.Ready last = copy.awaitReady(UPGRADES + 2);
                    awaitAnswers(client, last);
                    current.awaitEnd();
                    LoadResult result = client.stop();
                    System.out.println(result);
                    assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
                    assertThat(result.generations()).as("%s", result).hasSize(UPGRADES + 2);
                    last.signal("TERM");
                    assertThat(copy.awaitExit()).isEqualTo(TERMINATED);
                }
            }
        }
    }

    @Test
    void shouldAnswerTheRequestsInFlightOnTerm() throws Exception {
        try (ServerProcess server = ServerProcess.start("-jar", JAR, "--server.port=0")) {
            ServerProcess.Ready current = server.awaitReady(1);
            try (StrictClient client = StrictClient.builder()
                    .address(address(current))
                    .profile(Profile.busy(8).withPath("/slow?ms=2000"))
                    .start()) {
                // By the second round all connections are accepted: a stop resets those that wait for it.
                ServerProcess.await("first answers")
                        .until(() -> client.snapshot().answered() >= 8);
                current.signal("TERM");
                ServerProcess.await("answers").until(() -> client.snapshot().answered() >= 16);
                LoadResult result = client.snapshot();
                assertThat(result.lost()).as("%s", result).isZero();
                assertThat(server.awaitExit()).as("%s", server).isEqualTo(TERMINATED);
            }
        }
    }

    @Test
    void shouldEndWithAReasonWhereItCannotTakeOver() throws Exception {
        try (ServerProcess server = ServerProcess.start(
                "-jar",
                JAR,
                "--server.port=0",
                "--graceful-netty.handoff-path=" + directory.resolve("missing/handoff.sock"))) {
            assertThat(server.awaitExit()).isEqualTo(1);
            ServerProcess.await("the reason")
                    .until(() -> server.output().contains("The application could not take over from its predecessor"));
        }
    }

    private static InetSocketAddress address(ServerProcess.Ready server) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
    }

    private static StrictClient load(ServerProcess.Ready server) {
        return StrictClient.builder()
                .address(address(server))
                .busy(8)
                .paced(30, Duration.ofMillis(50))
                .fresh(4)
                .start();
    }

    private static void awaitAnswers(StrictClient client, ServerProcess.Ready from) {
        ServerProcess.await("answers from " + from)
                .until(() -> client.snapshot()
                        .generation(from.generation())
                        .filter(each -> each.pid() == from.pid())
                        .isPresent());
    }
}
