// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.vertx;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.functional.Await;
import io.github.gracefulnetty.examples.functional.RunningProcess;
import io.github.gracefulnetty.examples.functional.ServerGeneration;
import io.github.gracefulnetty.examples.functional.TestCertificate;
import io.github.gracefulnetty.examples.functional.TestProcesses;
import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Upgrades of a Vert.x server cost no client anything, whatever it speaks. */
class VertxUpgradeIT {
    private static final int UPGRADES = 10;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldLoseNothingOverTenUpgradesOfVerticlesWithHttp1AndHttp2AndWebSocketClients() throws Exception {
        RunningProcess server =
                processes.start(Servers.withTls(new TestCertificate(directory), "--port", "0", "--instances", "3"));
        ServerGeneration current = server.awaitReady(1, 2);
        Http2Clients http2 =
                new Http2Clients(ServerGeneration.tcp(current.addresses().get(1)), 8);
        EchoClients echo = new EchoClients(current.address(), 8);
        try (StrictClient http1 = load(current.address())) {
            awaitAnswers(1, http1, http2, echo);
            for (int generation = 2; generation <= UPGRADES + 1; generation++) {
                current.hup();
                current = server.awaitReady(generation, 2);
                awaitAnswers(generation, http1, http2, echo);
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
        System.out.println(
                echo.echoes + " echoes over " + echo.restarts + " restarts, " + http2.answers + " answers over HTTP/2");
        processes.awaitOnly(current);
        server.assertDrainedGently(UPGRADES);
    }

    @Test
    @Tag("once") // Vert.x 4.5 hides the loop that accepts
    void shouldLoseNothingOverTenUpgradesWhenTheLoopThatAcceptsIsBusy() {
        shouldLoseNothingOverUpgrades(BusyServer.class, UPGRADES);
    }

    @Test
    void shouldLoseNothingWhenNothingInTheProgramKnowsOfUpgrades() {
        shouldLoseNothingOverUpgrades(PlainServer.class, 2);
    }

    private void shouldLoseNothingOverUpgrades(Class<?> main, int upgrades) {
        RunningProcess server = processes.start(Servers.main(main));
        ServerGeneration current = server.awaitReady(1);
        try (StrictClient http1 = load(current.address())) {
            awaitAnswers(http1, 1);
            for (int generation = 2; generation <= upgrades + 1; generation++) {
                current.hup();
                current = server.awaitReady(generation);
                awaitAnswers(http1, generation);
            }
            assertNothingLost(http1.stop(), upgrades + 1);
        }
        processes.awaitOnly(current);
        server.assertDrainedGently(upgrades);
    }

    @Test
    void shouldLoseNothingWhenASecondCopyTakesOver() {
        String[] options = {
            "--port", "0", "--handoff", directory.resolve("handoff.sock").toString()
        };
        RunningProcess first = processes.start(Servers.example(options));
        try (StrictClient http1 = load(first.awaitReady(1).address())) {
            awaitAnswers(http1, 1);
            processes.start(Servers.example(options)).awaitReady(2);
            awaitAnswers(http1, 2);
            assertThat(first.awaitExit()).isZero();
            assertNothingLost(http1.stop(), 2);
        }
        first.assertDrainedGently(1);
    }

    private static StrictClient load(InetSocketAddress address) {
        return StrictClient.builder()
                .address(address)
                .busy(2)
                .paced(100, Duration.ofMillis(50))
                .fresh(4, Duration.ofMillis(5))
                .start();
    }

    private static void awaitAnswers(int generation, StrictClient http1, Http2Clients http2, EchoClients echo) {
        awaitAnswers(http1, generation);
        Await.until("answers to all clients from generation " + generation, () -> {
            assertThat(http2.failures).isEmpty();
            assertThat(echo.failures).isEmpty();
            return http2.generations.contains(generation) && echo.haveAllSeen(generation);
        });
    }

    private static void awaitAnswers(StrictClient client, int generation) {
        Await.until(
                "answers from generation " + generation,
                () -> client.snapshot().generation(generation).isPresent());
    }

    private static void assertNothingLost(LoadResult result, int generations) {
        System.out.println(result);
        assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
        assertThat(result.generations()).as("%s", result).hasSize(generations);
    }
}
