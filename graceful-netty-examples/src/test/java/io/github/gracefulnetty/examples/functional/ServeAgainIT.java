// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.load.GenerationResult;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A predecessor that still drains is there again when its successor dies, however long that has been confirmed. */
class ServeAgainIT {
    private static final int ROUNDS = 4;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldServeAgainWhenAConfirmedSuccessorIsKilledAndBeReplacedLater() {
        RunningProcess server = processes.start(command());
        ServerGeneration first = server.awaitReady(1);
        try (HttpConnection idle = HttpConnection.acceptedBy(first);
                StrictClient client = load(first)) {
            ServerGeneration second = replace(server, first);
            awaitAnswers(client, 2);
            second.kill();
            server.err().await("this process serves again: ");
            awaitAnswers(client, 1);
            // Who was connected to the process that was killed has lost a request, and nobody else has.
            assertThat(client.stop().refused()).isZero();
            // It may have been told to end meanwhile: then it does, with an answer.
            assertThat(idle.get("/").pid()).isEqualTo(first.pid());
        }
        assertThat(server.err().text()).containsPattern("serves again: .*pid \\d+ .*(was killed by signal 9|hung up)");
        try (StrictClient client = load(first)) {
            RunningProcess copy = processes.start(command());
            ServerGeneration third = copy.awaitReady(2);
            awaitAnswers(client, 2);
            assertThat(server.awaitExit()).as(server::report).isZero();
            assertThat(client.stop().clean()).isTrue();
            third.term();
            assertThat(copy.awaitExit()).as(copy::report).isZero();
        }
    }

    /** As often as it happens: nothing of the one before is left in the way of the next. */
    @Test
    void shouldServeAgainEachTimeThatItsSuccessorIsKilled() {
        RunningProcess server = processes.start(command());
        ServerGeneration first = server.awaitReady(1);
        int before = Proc.descriptors(first.pid()).size();
        for (int round = 1; round <= ROUNDS; round++) {
            try (HttpConnection idle = HttpConnection.acceptedBy(first)) {
                replace(server, first).kill();
                int rounds = round;
                Await.until(
                        "round " + round + " of " + server,
                        () -> server.err().count("this process serves again: ") == rounds);
                assertThat(idle.get("/").pid()).isEqualTo(first.pid());
            }
        }
        // Java itself opens one or two when it first needs them; what leaks does so in each round.
        Await.until(
                "no more than " + before + " descriptors, and less than one for each round",
                () -> Proc.descriptors(first.pid()).size() < before + ROUNDS);
        Await.until(
                "no process but the server", () -> Proc.children(first.pid()).isEmpty());
        first.term();
        assertThat(server.awaitExit()).as(server::report).isZero();
    }

    /** The one in the middle has been replaced, serves again, and dies: then it is the oldest that can serve. */
    @Test
    void shouldServeAgainAfterASuccessorThatHadBeenReplaced() {
        RunningProcess server = processes.start(command());
        ServerGeneration first = server.awaitReady(1);
        try (HttpConnection idle = HttpConnection.acceptedBy(first);
                StrictClient client = load(first)) {
            ServerGeneration second = replace(server, first);
            try (HttpConnection held = HttpConnection.acceptedBy(second)) {
                ServerGeneration third = replace(server, second);
                awaitAnswers(client, 3);
                third.kill();
                awaitServesAgain(server, third);
                awaitAnswers(client, 2);
                second.kill();
                awaitServesAgain(server, second);
                awaitAnswers(client, 1);
                assertThat(client.stop().refused()).isZero();
            }
            assertThat(idle.get("/").pid()).isEqualTo(first.pid());
        }
        first.term();
        assertThat(server.awaitExit()).as(server::report).isZero();
    }

    /** Two could go on with its listeners: the one that serves already does, and the other one says so and ends. */
    @Test
    void shouldServeAgainWhenASuccessorIsKilledWhileItIsReplaced() {
        RunningProcess server = processes.start(command());
        ServerGeneration first = server.awaitReady(1);
        try (HttpConnection idle = HttpConnection.acceptedBy(first);
                StrictClient client = load(first)) {
            ServerGeneration second = replace(server, first);
            awaitAnswers(client, 2);
            RunningProcess third = processes.start(command().with("--init-delay", "5m"));
            server.err().await("upgrade 2->3: successor pid " + third.pid() + " has 1 descriptors");
            second.kill();
            server.err().await("this process serves again: ");
            third.err().await("its own predecessor, pid " + first.pid() + ", serves again");
            awaitAnswers(client, 1);
            assertThat(client.stop().refused()).isZero();
            third.kill();
            assertThat(idle.get("/").pid()).isEqualTo(first.pid());
        }
        ServerGeneration next = replace(server, first);
        next.term();
        assertThat(server.awaitExit()).as(server::report).isZero();
    }

    /** It looks first whether an older process serves, and the application becomes ready meanwhile. */
    @Test
    void shouldGoOnAloneWhenThePredecessorIsKilledAndNobodyElseServes() {
        RunningProcess server = processes.start(command());
        ServerGeneration first = server.awaitReady(1);
        ServerGeneration second = replace(server, first);
        first.awaitEnd();
        RunningProcess copy = processes.start(command().with("--init-delay", "1s"));
        server.err().await("upgrade 2->3: successor pid " + copy.pid() + " has 1 descriptors");
        second.kill();
        ServerGeneration third = copy.awaitReady(3);
        try (HttpConnection connection = HttpConnection.to(third.address())) {
            assertThat(connection.get("/").pid()).isEqualTo(third.pid());
        }
        assertThat(copy.err().text()).contains("the predecessor is gone, this process goes on with its listeners");
        third.term();
        assertThat(copy.awaitExit()).as(copy::report).isZero();
    }

    private static void awaitServesAgain(RunningProcess server, ServerGeneration dead) {
        String successor = "successor pid " + dead.pid() + " ";
        server.err()
                .await(
                        "this process serves again after " + dead,
                        line -> line.contains("this process serves again: ") && line.contains(successor));
    }

    private JavaCommand command() {
        return JavaCommand.http(
                "--no-migrate",
                "--port",
                "0",
                "--drain-timeout",
                "10m",
                "--handoff",
                directory.resolve("handoff.sock").toString());
    }

    private static ServerGeneration replace(RunningProcess server, ServerGeneration first) {
        long before = server.err().count("is confirmed after");
        long readies = server.out().count("READY");
        first.hup();
        Await.until(
                "confirmed successor of " + server,
                () -> server.err().count("is confirmed after") > before
                        && server.out().count("READY") > readies);
        return new ServerGeneration(server.newestPid(), first.generation() + 1, first.addresses());
    }

    private static StrictClient load(ServerGeneration server) {
        StrictClient client = StrictClient.builder()
                .address(server.address())
                .busy(2)
                .paced(10, Duration.ofMillis(50))
                .fresh(2, Duration.ofMillis(10))
                .start();
        awaitAnswers(client, server.generation());
        return client;
    }

    /** More answers of that generation than there were. */
    private static void awaitAnswers(StrictClient client, int generation) {
        long before = answers(client, generation);
        Await.until("answers of generation " + generation, () -> answers(client, generation) > before);
    }

    private static long answers(StrictClient client, int generation) {
        return client.snapshot()
                .generation(generation)
                .map(GenerationResult::answered)
                .orElse(0L);
    }
}
