// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.functional.ControlledServer.Control;
import io.github.gracefulnetty.examples.functional.HttpConnection.Answer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that is stopped, or replaced, ends its connections as HTTP wants it, and takes its sockets with it. */
@Tag("once")
class StopIT {
    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void shouldAnswerRequestsInFlightAndExitWithStatus0(String signal) {
        RunningProcess server = processes.start(JavaCommand.http("--port", "0"));
        ServerGeneration first = server.awaitReady(1);
        List<HttpConnection> connections = connect(first, 3);
        connections.forEach(connection -> connection.send("/slow?ms=3000"));
        Proc.signal(signal, first.pid());
        server.err().await(signal + ": stopping");
        for (HttpConnection connection : connections) {
            assertThat(connection.receive()).isEqualTo(new Answer(200, first.pid(), 1, true));
            connection.awaitEnd();
            connection.close();
        }
        assertThat(server.awaitExit()).isZero();
        server.err().await("0 of them closed by force");
    }

    @Test
    void shouldKeepIdleConnectionsUntilTheDrainDeadlineAndTellHowManyItClosedThen() {
        RunningProcess server = processes.start(JavaCommand.http("--port", "0", "--drain-timeout", "4s"));
        ServerGeneration first = server.awaitReady(1);
        List<HttpConnection> connections = connect(first, 4);
        first.term();
        awaitStopping(first);
        assertThat(lastAnswer(connections.get(0))).isEqualTo(new Answer(200, first.pid(), 1, true));
        List<HttpConnection> idle = connections.subList(1, 4);
        assertThat(idle).allMatch(HttpConnection::isSilent);
        idle.forEach(HttpConnection::awaitEnd);
        idle.forEach(HttpConnection::close);
        assertThat(server.awaitExit()).isZero();
        assertThat(server.err().text()).containsPattern("drained 4 connections in \\d+ ms, 3 of them closed by force");
    }

    @Test
    void shouldEndAnIdleConnectionOfAPredecessorWithItsNextAnswer() {
        RunningProcess server = processes.start(JavaCommand.http("--no-migrate", "--port", "0"));
        ServerGeneration first = server.awaitReady(1);
        List<HttpConnection> idle = connect(first, 5);
        first.hup();
        server.awaitReady(2);
        server.err().await("handed over to pid");
        for (HttpConnection connection : idle) {
            assertThat(connection.isSilent()).isTrue();
            assertThat(lastAnswer(connection)).isEqualTo(new Answer(200, first.pid(), 1, true));
        }
        assertThat(server.awaitExit()).isZero();
        assertThat(server.err().text()).containsPattern("drained 5 connections in \\d+ ms, 0 of them closed by force");
    }

    @Test
    void shouldTellAfterAnUpgradeHowManyConnectionsWereClosedAtTheDrainDeadline() {
        RunningProcess server =
                processes.start(JavaCommand.http("--no-migrate", "--port", "0", "--drain-timeout", "1s"));
        ServerGeneration first = server.awaitReady(1);
        List<HttpConnection> idle = connect(first, 3);
        first.hup();
        server.awaitReady(2);
        idle.forEach(HttpConnection::awaitEnd);
        idle.forEach(HttpConnection::close);
        assertThat(server.awaitExit()).isZero();
        server.err().await("drained 3 connections in");
        server.err().await("3 of them closed by force");
        server.err().await("the predecessor has drained, 3 connections were closed by force");
    }

    @Test
    void shouldEndTheDrainAtASecondTerm() {
        RunningProcess server = processes.start(JavaCommand.http("--port", "0", "--drain-timeout", "10m"));
        ServerGeneration first = server.awaitReady(1);
        List<HttpConnection> idle = connect(first, 2);
        first.term();
        awaitStopping(first);
        assertThat(idle).allMatch(HttpConnection::isSilent);
        first.term();
        idle.forEach(HttpConnection::awaitEnd);
        idle.forEach(HttpConnection::close);
        assertThat(server.awaitExit()).isZero();
        server.err().await("2 of them closed by force");
    }

    @Test
    void shouldEndTheDrainOfAReplacedProcessAtTerm() {
        RunningProcess server =
                processes.start(JavaCommand.http("--no-migrate", "--port", "0", "--drain-timeout", "10m"));
        ServerGeneration first = server.awaitReady(1);
        List<HttpConnection> idle = connect(first, 2);
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        server.err().await("handed over to pid");
        assertThat(idle).allMatch(HttpConnection::isSilent);
        first.term();
        Await.until("end of the drain, or a call for more", () -> {
            boolean ended = !Proc.isAlive(first.pid());
            if (!ended && server.err().count("TERM: stopping") == 1) {
                first.term(); // it may take the first as a wish to stop, and the second as haste
            }
            return ended;
        });
        idle.forEach(HttpConnection::awaitEnd);
        idle.forEach(HttpConnection::close);
        assertThat(server.awaitExit()).isZero();
        try (HttpConnection connection = HttpConnection.to(second.address())) {
            assertThat(connection.get("/").pid()).isEqualTo(second.pid());
        }
    }

    @Test
    void shouldEndTheSuccessorWhenItIsStoppedDuringAnUpgrade() throws IOException {
        Control control = new Control(Files.createDirectory(directory.resolve("control")));
        control.letWait(2);
        RunningProcess server = processes.start(control.server("listen=127.0.0.1:0"));
        ServerGeneration first = server.awaitReady(1);
        first.hup();
        server.out().await("WAITING");
        first.term();
        assertThat(server.awaitExit()).isZero();
        processes.awaitNone();
    }

    @Test
    void shouldRemoveItsUnixSocketAndItsHandoffPathWhenItEnds() {
        Path path = directory.resolve("server.sock");
        Path handoff = directory.resolve("handoff.sock");
        RunningProcess server = processes.start(
                JavaCommand.example("http", "--unix", path.toString(), "--handoff", handoff.toString()));
        ServerGeneration first = server.awaitReady(1);
        assertThat(path).exists();
        assertThat(handoff).exists();
        first.term();
        assertThat(server.awaitExit()).isZero();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldServeSeveralPortsOfWhichTwoAreAnyFreeOneAcrossUpgrades() {
        String port = Integer.toString(FreePort.find());
        RunningProcess server = processes.start(JavaCommand.http("--port", "0", "--port", port, "--port", "0"));
        ServerGeneration first = server.awaitReady(1, 3);
        assertThat(first.addresses()).doesNotHaveDuplicates().contains("127.0.0.1:" + port);
        ServerGeneration current = first;
        for (int generation = 2; generation <= 3; generation++) {
            current.hup();
            current = server.awaitReady(generation, 3);
            processes.awaitOnly(current);
            assertThat(current.addresses()).isEqualTo(first.addresses());
            for (String address : current.addresses()) {
                try (HttpConnection connection = HttpConnection.to(ServerGeneration.tcp(address))) {
                    assertThat(connection.get("/").pid()).isEqualTo(current.pid());
                }
            }
        }
    }

    @Test
    void shouldServeUnixPathsAndAbstractNamesAcrossUpgrades() throws IOException {
        Path path = directory.resolve("server.sock");
        String name = "graceful-netty-test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
        RunningProcess server =
                processes.start(JavaCommand.example("http", "--unix", path.toString(), "--unix", "@" + name));
        ServerGeneration current = server.awaitReady(1, 2);
        assertThat(current.addresses()).containsExactly("unix:" + path, "unix:@" + name);
        for (int generation = 2; generation <= 3; generation++) {
            current.hup();
            current = server.awaitReady(generation, 2);
            processes.awaitOnly(current);
            try (HttpConnection connection = HttpConnection.to(path)) {
                assertThat(connection.get("/").pid()).isEqualTo(current.pid());
            }
            assertThat(AbstractUnixClient.get(name)).contains("\r\n\r\n" + current.pid() + " " + generation + "\n");
        }
        current.term();
        current.awaitEnd();
        assertThat(path).doesNotExist();
    }

    /** Connections that have had an answer, so the server knows them. */
    private static List<HttpConnection> connect(ServerGeneration server, int count) {
        List<HttpConnection> connections = Stream.generate(() -> HttpConnection.to(server.address()))
                .limit(count)
                .toList();
        connections.forEach(connection ->
                assertThat(connection.get("/")).isEqualTo(new Answer(200, server.pid(), server.generation(), false)));
        return connections;
    }

    /** Waits until nobody can connect any more. */
    private static void awaitStopping(ServerGeneration server) {
        Await.until(
                "end of the listeners of " + server,
                () -> Proc.listeners(server.pid()).isEmpty());
    }

    /**
     * Sends requests until the server has heard of its drain, which it does on a thread of its own: from then on, the next
     * answer is the last.
     */
    private static Answer lastAnswer(HttpConnection connection) {
        while (true) {
            Answer answer = connection.get("/");
            if (answer.closes()) {
                connection.awaitEnd();
                connection.close();
                return answer;
            }
        }
    }
}
