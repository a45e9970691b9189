// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.vertx;

import static io.github.gracefulnetty.examples.vertx.ServerProcess.until;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Upgrades of a Vert.x server cost no client anything, whatever it speaks. */
class VertxUpgradeIT {
    private static final int UPGRADES = 10;

    @TempDir
    Path directory;

    @Test
    void shouldLoseNothingOverTenUpgradesOfVerticlesWithHttp1AndHttp2AndWebSocketClients() throws Exception {
        String keystore = ServerProcess.keystore(directory);
        try (ServerProcess server = ServerProcess.start(
                directory, 1, "--port", "0", "--tls-port", "0", "--instances", "3", "--keystore", keystore)) {
            List<InetSocketAddress> addresses = server.awaitReady(2);
            Http2Clients http2 = new Http2Clients(addresses.get(1), 8);
            EchoClients echo = new EchoClients(addresses.get(0), 8);
            try (StrictClient http1 = load(addresses.get(0))) {
                awaitAnswers(server, http1, http2, echo);
                for (int upgrade = 1; upgrade <= UPGRADES; upgrade++) {
                    server.upgrade(2);
                    awaitAnswers(server, http1, http2, echo);
                }
                assertNothingLost(http1.stop(), UPGRADES + 1);
            }
            echo.stop();
            http2.stop();
            assertThat(echo.failures).isEmpty();
            assertThat(echo.generations).hasSize(UPGRADES + 1);
            assertThat(echo.restarts.get()).isGreaterThanOrEqualTo(UPGRADES * 8);
            assertThat(http2.failures).isEmpty();
            assertThat(http2.generations).hasSize(UPGRADES + 1);
            System.out.println(echo.echoes + " echoes over " + echo.restarts + " restarts, " + http2.answers
                    + " answers over HTTP/2");
            server.awaitOnlyNewest();
            server.stop();
        }
    }

    @Test
    void shouldLoseNothingWhenASecondCopyTakesOver() {
        String[] options = {
            "--port", "0", "--handoff", directory.resolve("handoff.sock").toString()
        };
        try (ServerProcess first = ServerProcess.start(directory, 1, options)) {
            InetSocketAddress address = first.awaitReady(1).get(0);
            try (StrictClient http1 = load(address);
                    ServerProcess second = ServerProcess.start(directory, 2, options)) {
                awaitAnswers(http1, 1);
                second.awaitReady(1);
                awaitAnswers(http1, 2);
                assertThat(first.awaitExit()).isZero();
                assertNothingLost(http1.stop(), 2);
                second.stop();
            }
        }
    }

    @Test
    void shouldLoseNothingWhenNothingInTheProgramKnowsOfUpgrades() {
        try (ServerProcess server = ServerProcess.startMain(directory, PlainServer.class)) {
            try (StrictClient http1 = load(server.awaitReady(1).get(0))) {
                awaitAnswers(http1, 1);
                for (int upgrade = 1; upgrade <= 2; upgrade++) {
                    server.upgrade(1);
                    awaitAnswers(http1, upgrade + 1);
                }
                assertNothingLost(http1.stop(), 3);
            }
            server.awaitOnlyNewest();
            server.stop();
        }
    }

    private static StrictClient load(InetSocketAddress address) {
        return StrictClient.builder()
                .address(address)
                .busy(2)
                .paced(100, Duration.ofMillis(50))
                .fresh(4, Duration.ofMillis(5))
                .start();
    }

    private static void awaitAnswers(ServerProcess server, StrictClient http1, Http2Clients http2, EchoClients echo) {
        awaitAnswers(http1, server.generation());
        until("answers to all clients from generation " + server.generation(), () -> {
            assertThat(http2.failures).isEmpty();
            assertThat(echo.failures).isEmpty();
            return http2.generations.contains(server.generation()) && echo.generations.contains(server.generation());
        });
    }

    private static void awaitAnswers(StrictClient client, int generation) {
        until(
                "answers from generation " + generation,
                () -> client.snapshot().generation(generation).isPresent());
    }

    private static void assertNothingLost(LoadResult result, int generations) {
        System.out.println(result);
        assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
        assertThat(result.generations()).as("%s", result).hasSize(generations);
    }
}
