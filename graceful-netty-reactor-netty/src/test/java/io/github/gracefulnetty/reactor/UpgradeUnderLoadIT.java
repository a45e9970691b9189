// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.functional.Await;
import io.github.gracefulnetty.examples.functional.Http2Witness;
import io.github.gracefulnetty.examples.functional.JavaCommand;
import io.github.gracefulnetty.examples.functional.LoadTools;
import io.github.gracefulnetty.examples.functional.RunningProcess;
import io.github.gracefulnetty.examples.functional.ServerGeneration;
import io.github.gracefulnetty.examples.functional.TestProcesses;
import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.Profile;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Upgrades in a row of a plain Reactor Netty server cost no client anything. */
class UpgradeUnderLoadIT {
    private static final int UPGRADES = 10;
    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldLoseNothingOverTenUpgradesByHup() {
        shouldLoseNothingOverTenUpgrades(start());
    }

    @Test
    void shouldLoseNothingOverTenUpgradesWhenTheLoopThatAcceptsIsBusy() {
        shouldLoseNothingOverTenUpgrades(start("--busy"));
    }

    private void shouldLoseNothingOverTenUpgrades(RunningProcess server) {
        ServerGeneration current = server.awaitReady(1);
        try (StrictClient client = load(current)) {
            awaitAnswers(client, current);
            for (int generation = 2; generation <= UPGRADES + 1; generation++) {
                current.hup();
                current = server.awaitReady(generation);
                awaitAnswers(client, current);
            }
            processes.awaitOnly(current);
            assertNothingLost(client.stop(), UPGRADES + 1);
        }
        assertThat(server.awaitExit()).isZero();
        server.assertDrainedGently(UPGRADES);
    }

    @Test
    void shouldLoseNothingWhenASecondCopyTakesOver() {
        String handoff = "--handoff=" + directory.resolve("handoff.sock");
        RunningProcess first = start(handoff);
        ServerGeneration old = first.awaitReady(1);
        try (StrictClient client = load(old)) {
            awaitAnswers(client, old);
            awaitAnswers(client, start(handoff).awaitReady(2));
            assertThat(first.awaitExit()).isZero();
            assertNothingLost(client.stop(), 2);
        }
        first.assertDrainedGently(1);
    }

    @Test
    void shouldAnswerTheRequestsInFlightOnTerm() {
        RunningProcess server = start();
        ServerGeneration current = server.awaitReady(1);
        try (StrictClient client = StrictClient.builder()
                .address(current.address())
                .profile(Profile.busy(8).withPath("/slow"))
                .start()) {
            // By the second round all connections are accepted: a stop resets those that wait for it.
            Await.until("first answers", () -> client.snapshot().answered() >= 8);
            current.term();
            Await.until("answers", () -> client.snapshot().answered() >= 16);
            LoadResult result = client.snapshot();
            assertThat(result.lost()).as("%s", result).isZero();
            assertThat(server.awaitExit()).isZero();
        }
    }

    @Test
    @Tag("once")
    void shouldShowNoErrorToWrk() {
        LoadTools.assertNoError(upgradeUnder(start(), server -> LoadTools.wrk(processes, server.address(), "/")));
    }

    @Test
    void shouldAnswerAllThatH2loadSends() {
        RunningProcess server = start("--h2c");
        try (Http2Witness witness = Http2Witness.of(server.awaitReady(1).address())) {
            LoadTools.assertAllSentSucceeded(
                    upgradeUnder(server, first -> LoadTools.h2load(processes, witness, "/")), witness);
        }
    }

    private static RunningProcess upgradeUnder(RunningProcess server, Function<ServerGeneration, RunningProcess> tool) {
        ServerGeneration first = server.awaitReady(1);
        RunningProcess load = tool.apply(first);
        first.hup();
        server.awaitReady(2);
        first.awaitEnd();
        server.assertDrainedGently(1);
        return load;
    }

    private RunningProcess start(String... options) {
        return processes.start(JavaCommand.classPath(CLASS_PATH, ReactorServer.class, options));
    }

    private static StrictClient load(ServerGeneration server) {
        return StrictClient.builder()
                .address(server.address())
                .busy(16)
                .paced(50, Duration.ofMillis(50))
                .fresh(8)
                .start();
    }

    private static void awaitAnswers(StrictClient client, ServerGeneration from) {
        Await.until(
                "answers from " + from,
                () -> client.snapshot()
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
