// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.functional.HttpConnection.Answer;
import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.Profile;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Ten upgrades in a row cost no client anything. */
class UpgradeUnderLoadIT {
    private static final int UPGRADES = 10;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldLoseNothingOverTenUpgradesWith64BusyKeepAliveConnections() {
        shouldLoseNothingOverTenUpgrades(Profile.busy(64));
    }

    @Test
    void shouldLoseNothingOverTenUpgradesWith500PacedKeepAliveConnections() {
        shouldLoseNothingOverTenUpgrades(Profile.paced(500, Duration.ofMillis(50)));
    }

    @Test
    void shouldLoseNothingOverTenUpgradesWith32ClientsThatConnectForEachRequest() {
        shouldLoseNothingOverTenUpgrades(Profile.fresh(32, Duration.ZERO));
    }

    private void shouldLoseNothingOverTenUpgrades(Profile profile) {
        RunningProcess server = processes.start(JavaCommand.http("--port", Integer.toString(FreePort.find())));
        ServerGeneration current = server.awaitReady(1);
        try (StrictClient client = load(current, profile)) {
            awaitAnswers(client, current);
            for (int upgrade = 1; upgrade <= UPGRADES; upgrade++) {
                current.hup();
                current = server.awaitReady(upgrade + 1);
                awaitAnswers(client, current);
            }
            assertNothingLost(client.stop(), UPGRADES + 1);
        }
        processes.awaitOnly(current);
    }

    @Test
    void shouldLoseNothingWhenTenSecondCopiesTakeOverInTurn() {
        String[] options = {
            "--port",
            Integer.toString(FreePort.find()),
            "--handoff",
            directory.resolve("handoff.sock").toString()
        };
        RunningProcess copy = processes.start(JavaCommand.http(options));
        ServerGeneration current = copy.awaitReady(1);
        try (StrictClient client = load(
                current,
                Profile.busy(16),
                Profile.paced(100, Duration.ofMillis(50)),
                Profile.fresh(8, Duration.ZERO))) {
            awaitAnswers(client, current);
            for (int upgrade = 1; upgrade <= UPGRADES; upgrade++) {
                RunningProcess next = processes.start(JavaCommand.http(options));
                current = next.awaitReady(upgrade + 1);
                awaitAnswers(client, current);
                assertThat(copy.awaitExit())
                        .as("status of the replaced " + copy)
                        .isZero();
                copy = next;
            }
            assertNothingLost(client.stop(), UPGRADES + 1);
        }
        processes.awaitOnly(current);
    }

    @Test
    void shouldAnswerEachSlowRequestFromTheProcessThatTookItOverTenUpgrades() {
        RunningProcess server = processes.start(JavaCommand.http("--port", Integer.toString(FreePort.find())));
        ServerGeneration current = server.awaitReady(1);
        try (StrictClient client = load(current, Profile.busy(32).withPath("/slow?ms=2000"))) {
            for (int upgrade = 1; upgrade <= UPGRADES; upgrade++) {
                ServerGeneration old = current;
                List<HttpConnection> known = Stream.generate(() -> HttpConnection.acceptedBy(old))
                        .limit(8)
                        .toList();
                Await.until("requests in flight", () -> client.snapshot().inFlight() > 0);
                known.forEach(connection -> connection.send("/slow?ms=2000"));
                old.hup();
                current = server.awaitReady(upgrade + 1);
                for (HttpConnection connection : known) {
                    Answer answer = connection.receive();
                    assertThat(answer.status()).isEqualTo(200);
                    assertThat(answer.pid()).isEqualTo(old.pid());
                    connection.close();
                }
            }
            awaitAnswers(client, current);
            LoadResult result = client.stop();
            assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
        }
        processes.awaitOnly(current);
    }

    @Test
    void shouldUpgradeAgainWhileOlderGenerationsStillDrain() {
        RunningProcess server = processes.start(JavaCommand.http("--no-migrate", "--port", "0"));
        ServerGeneration current = server.awaitReady(1);
        List<HttpConnection> idle = new ArrayList<>();
        List<ServerGeneration> generations = new ArrayList<>();
        for (int generation = 1; generation <= 4; generation++) {
            generations.add(current);
            idle.add(HttpConnection.acceptedBy(current));
            current.hup();
            current = server.awaitReady(generation + 1);
        }
        assertThat(processes.alive()).hasSize(5);
        for (int i = 0; i < idle.size(); i++) {
            try (HttpConnection connection = idle.get(i)) {
                assertThat(connection.get("/").pid())
                        .isEqualTo(generations.get(i).pid());
            }
        }
        processes.awaitOnly(current);
    }

    private static StrictClient load(ServerGeneration server, Profile... profiles) {
        StrictClient.Builder builder = StrictClient.builder().address(server.address());
        Stream.of(profiles).forEach(builder::profile);
        return builder.start();
    }

    private static void awaitAnswers(StrictClient client, ServerGeneration from) {
        Await.until(
                "answers from " + from,
                () -> client.snapshot()
                        .generation(from.generation())
                        .filter(result -> result.pid() == from.pid())
                        .isPresent());
    }

    private static void assertNothingLost(LoadResult result, int generations) {
        assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
        assertThat(result.generations()).as("%s", result).hasSize(generations).allMatch(each -> each.answered() > 0);
    }
}
