// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor;

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

/** Upgrades in a row of a plain Reactor Netty server cost no client anything. */
class UpgradeUnderLoadIT {
    private static final int UPGRADES = 10;
    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    @TempDir
    Path directory;

    @Test
    void shouldLoseNothingOverTenUpgradesByHup() throws Exception {
        try (ServerProcess server = start("0")) {
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
                assertNothingLost(client.stop(), UPGRADES + 1);
            }
            assertThat(server.awaitExit()).isZero();
            current.signal("TERM");
            current.awaitEnd();
        }
    }

    @Test
    void shouldLoseNothingWhenASecondCopyTakesOver() throws Exception {
        String path = directory.resolve("handoff.sock").toString();
        try (ServerProcess first = start("0", path)) {
            ServerProcess.Ready old = first.awaitReady(1);
            try (StrictClient client = load(old)) {
                awaitAnswers(client, old);
                try (ServerProcess second = start("0", path)) {
                    ServerProcess.Ready young = second.awaitReady(2);
                    awaitAnswers(client, young);
                    assertThat(first.awaitExit()).isZero();
                    assertNothingLost(client.stop(), 2);
                    young.signal("TERM");
                    assertThat(second.awaitExit()).isZero();
                }
            }
        }
    }

    @Test
    void shouldAnswerTheRequestsInFlightOnTerm() throws Exception {
        try (ServerProcess server = start("0")) {
            ServerProcess.Ready current = server.awaitReady(1);
            try (StrictClient client = StrictClient.builder()
                    .address(address(current))
                    .profile(Profile.busy(8).withPath("/slow"))
                    .start()) {
                // By the second round all connections are accepted: a stop resets those that wait for it.
                ServerProcess.await("first answers")
                        .until(() -> client.snapshot().answered() >= 8);
                current.signal("TERM");
                ServerProcess.await("answers").until(() -> client.snapshot().answered() >= 16);
                LoadResult result = client.snapshot();
                assertThat(result.lost()).as("%s", result).isZero();
                assertThat(server.awaitExit()).isZero();
            }
        }
    }

    private static ServerProcess start(String... arguments) throws Exception {
        String[] command = new String[arguments.length + 3];
        command[0] = "-cp";
        command[1] = CLASS_PATH;
        command[2] = ReactorServer.class.getName();
        System.arraycopy(arguments, 0, command, 3, arguments.length);
        return ServerProcess.start(command);
    }

    private static InetSocketAddress address(ServerProcess.Ready server) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
    }

    private static StrictClient load(ServerProcess.Ready server) {
        return StrictClient.builder()
                .address(address(server))
                .busy(16)
                .paced(50, Duration.ofMillis(50))
                .fresh(8)
                .start();
    }

    private static void awaitAnswers(StrictClient client, ServerProcess.Ready from) {
        ServerProcess.await("answers from " + from)
                .until(() -> client.snapshot()
                        .generation(from.generation())
                        .filter(each -> each.pid() == from.pid())
                        .isPresent());
    }

    private static void assertNothingLost(LoadResult result, int generations) {
        System.out.println(result);
        assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
        assertThat(result.generations()).as("%s", result).hasSize(generations);
    }
}
