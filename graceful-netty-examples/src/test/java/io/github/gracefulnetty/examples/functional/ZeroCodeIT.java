// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A server that has only changed {@code ServerBootstrap} to {@code GracefulBootstrap} is replaced like any other. */
@Tag("once")
class ZeroCodeIT {
    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    /** The two ways to configure a server that nobody wants to change. */
    enum Configuration {
        SYSTEM_PROPERTY {
            @Override
            JavaCommand handoff(JavaCommand command, Path path) {
                return command.jvm("-Dgracefulnetty.handoffPath=" + path);
            }
        },
        ENVIRONMENT {
            @Override
            JavaCommand handoff(JavaCommand command, Path path) {
                return command.environment("GRACEFUL_NETTY_HANDOFF_PATH", path.toString());
            }
        };

        abstract JavaCommand handoff(JavaCommand command, Path path);
    }

    @Test
    void shouldLoseNothingWhenUpgradedByHup() {
        RunningProcess server = processes.start(server());
        ServerGeneration current = awaitServing(server, 1);
        try (StrictClient client = load(current)) {
            for (int generation = 2; generation <= 3; generation++) {
                current.hup();
                current = awaitServing(server, generation);
                awaitAnswers(client, current);
            }
            assertClean(client.stop());
        }
        assertThat(server.awaitExit()).isZero();
        processes.awaitOnly(current);
        assertThat(server.out().count("RETURNED")).isEqualTo(2);
    }

    @ParameterizedTest
    @EnumSource
    void shouldLoseNothingWhenSecondCopiesTakeOver(Configuration configuration) {
        Path handoff = directory.resolve("handoff.sock");
        RunningProcess copy = processes.start(configuration.handoff(server(), handoff));
        ServerGeneration current = awaitServing(copy, 1);
        try (StrictClient client = load(current)) {
            for (int generation = 2; generation <= 3; generation++) {
                RunningProcess next = processes.start(configuration.handoff(server(), handoff));
                current = awaitServing(next, generation);
                awaitAnswers(client, current);
                assertThat(copy.awaitExit()).isZero();
                assertThat(copy.out().count("RETURNED")).isEqualTo(1);
                copy = next;
            }
            assertClean(client.stop());
        }
        processes.awaitOnly(current);
    }

    @Test
    void shouldDrainAndReturnFromMainAtTerm() {
        RunningProcess server = processes.start(server());
        ServerGeneration first = awaitServing(server, 1);
        List<HttpConnection> connections =
                List.of(HttpConnection.to(first.address()), HttpConnection.to(first.address()));
        connections.forEach(
                connection -> assertThat(connection.get("/").status()).isEqualTo(200));
        connections.forEach(connection -> connection.send("/slow?ms=3000"));
        first.term();
        server.err().await("TERM: stopping");
        for (HttpConnection connection : connections) {
            assertThat(connection.receive().closes()).isTrue();
            connection.close();
        }
        assertThat(server.awaitExit()).isZero();
        assertThat(server.out().count("RETURNED")).isEqualTo(1);
    }

    private static JavaCommand server() {
        return JavaCommand.main(ZeroCodeServer.class, "0");
    }

    /** It is ready by itself, some time after its channel was bound; the log says when. */
    private static ServerGeneration awaitServing(RunningProcess server, int generation) {
        ServerGeneration ready = server.awaitReady(generation);
        server.err().await("generation " + generation + " serves (pid " + ready.pid() + ")");
        return ready;
    }

    private static StrictClient load(ServerGeneration server) {
        StrictClient client = StrictClient.builder()
                .address(server.address())
                .busy(8)
                .paced(50, Duration.ofMillis(20))
                .fresh(4, Duration.ofMillis(2))
                .start();
        awaitAnswers(client, server);
        return client;
    }

    private static void awaitAnswers(StrictClient client, ServerGeneration from) {
        Await.until(
                "answers from " + from,
                () -> client.snapshot()
                        .generation(from.generation())
                        .filter(result -> result.pid() == from.pid())
                        .isPresent());
    }

    private static void assertClean(LoadResult result) {
        assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
    }
}
