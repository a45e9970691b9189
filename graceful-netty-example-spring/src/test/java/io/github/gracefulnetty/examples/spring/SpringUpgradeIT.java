// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.spring;

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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The example, started as a user does, is replaced under load. */
class SpringUpgradeIT {
    private static final int UPGRADES = 3;
    private static final int TERMINATED = 128 + 15;
    private static final Path JAR =
            Path.of("target", "graceful-netty-example-spring.jar").toAbsolutePath();

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldLoseNothingWhenHupAndThenASecondCopyReplaceIt() {
        String handoff = "--graceful-netty.handoff-path=" + directory.resolve("handoff.sock");
        RunningProcess server = start(handoff);
        ServerGeneration current = server.awaitReady(1);
        try (StrictClient client = load(current)) {
            for (int generation = 2; generation <= UPGRADES + 1; generation++) {
                awaitAnswers(client, current);
                current.hup();
                current = server.awaitReady(generation);
            }
            awaitAnswers(client, current);
            assertThat(server.awaitExit()).isZero();
            RunningProcess copy = start(handoff);
            ServerGeneration last = copy.awaitReady(UPGRADES + 2);
            awaitAnswers(client, last);
            processes.awaitOnly(last);
            LoadResult result = client.stop();
            System.out.println(result);
            assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
            assertThat(result.generations()).as("%s", result).hasSize(UPGRADES + 2);
            last.term();
            assertThat(copy.awaitExit()).isEqualTo(TERMINATED);
        }
        server.assertDrainedGently(UPGRADES + 1);
    }

    @Test
    @Tag("once")
    void shouldShowNoErrorToWrk() {
        RunningProcess server = start();
        ServerGeneration first = server.awaitReady(1);
        RunningProcess wrk = LoadTools.wrk(processes, first.address(), "/");
        ServerGeneration second = upgrade(server, first);
        LoadTools.assertNoError(wrk);
        second.term();
        second.awaitEnd();
    }

    @Test
    @Tag("once")
    void shouldAnswerAllThatH2loadSends() {
        RunningProcess server = start("--server.http2.enabled=true");
        ServerGeneration first = server.awaitReady(1);
        try (Http2Witness witness = Http2Witness.of(first.address())) {
            RunningProcess h2load = LoadTools.h2load(processes, witness, "/");
            ServerGeneration second = upgrade(server, first);
            LoadTools.assertAllSentSucceeded(h2load, witness);
            second.term();
            second.awaitEnd();
        }
    }

    private static ServerGeneration upgrade(RunningProcess server, ServerGeneration first) {
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        first.awaitEnd();
        server.assertDrainedGently(1);
        return second;
    }

    @Test
    void shouldAnswerTheRequestsInFlightOnTerm() {
        RunningProcess server = start();
        ServerGeneration current = server.awaitReady(1);
        try (StrictClient client = StrictClient.builder()
                .address(current.address())
                .profile(Profile.busy(8).withPath("/slow?ms=2000"))
                .start()) {
            // By the second round all connections are accepted: a stop resets those that wait for it.
            Await.until("first answers", () -> client.snapshot().answered() >= 8);
            current.term();
            Await.until("answers", () -> client.snapshot().answered() >= 16);
            LoadResult result = client.snapshot();
            assertThat(result.lost()).as("%s", result).isZero();
            assertThat(server.awaitExit()).isEqualTo(TERMINATED);
        }
    }

    @Test
    void shouldEndWithAReasonWhereItCannotTakeOver() {
        RunningProcess server = start("--graceful-netty.handoff-path=" + directory.resolve("missing/handoff.sock"));
        assertThat(server.awaitExit()).isEqualTo(1);
        server.out().await("The application could not take over from its predecessor");
    }

    private RunningProcess start(String... options) {
        return processes.start(JavaCommand.jar(JAR, "--server.port=0").with(options));
    }

    private static StrictClient load(ServerGeneration server) {
        return StrictClient.builder()
                .address(server.address())
                .busy(8)
                .paced(30, Duration.ofMillis(50))
                .fresh(4)
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
}
