// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static io.github.gracefulnetty.examples.functional.Refusal.assertRefuses;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.functional.ControlledServer.Control;
import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A failed upgrade costs nothing: the server goes on, tells why, and can be upgraded again. */
@Tag("once")
class FailedUpgradeIT {
    private static final String SERVES_ON = "this process serves on: ";
    private static final String NOT_READY = "its application has not called ready() in time";

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private Control control = new Control(Path.of("unset"));
    private String handoff = "unset";

    @BeforeEach
    void prepare() throws IOException {
        control = new Control(Files.createDirectory(directory.resolve("control")));
        handoff = directory.resolve("handoff.sock").toString();
    }

    @Test
    void shouldLoseNothingWhenTheSuccessorIsKilledAsSoonAsItWasStarted() {
        RunningProcess server = processes.start(JavaCommand.http("--port", "0", "--init-delay", "500ms"));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            first.hup();
            long successor = awaitChild(first);
            Proc.signal("KILL", successor);
            server.err().await(SERVES_ON);
            assertReaped(first, successor);
            assertNextUpgradeWorks(server, first);
            assertClean(client.stop());
        }
    }

    @Test
    void shouldLoseNothingWhenTheSuccessorIsKilledWhileItInitialises() throws IOException {
        RunningProcess server = processes.start(control.server("listen=127.0.0.1:0"));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            control.letWait(2);
            first.hup();
            long successor = awaitWaiting(server, 2);
            Proc.signal("KILL", successor);
            server.err().await(SERVES_ON + "successor pid " + successor + " was killed by signal 9");
            assertReaped(first, successor);
            control.letBeReady(2);
            assertNextUpgradeWorks(server, first);
            assertClean(client.stop());
        }
    }

    @Test
    void shouldLoseNothingWhenTheSuccessorExitsBeforeItIsReady() throws IOException {
        RunningProcess server = processes.start(control.server("listen=127.0.0.1:0"));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            control.letExit(2, 7);
            first.hup();
            server.err().await(SERVES_ON + "successor pid ");
            assertThat(server.err().text()).containsPattern("successor pid \\d+ exited with status 7");
            assertThat(Proc.children(first.pid())).isEmpty();
            assertThat(Proc.zombies(first.pid())).isEmpty();
            control.letBeReady(2);
            assertNextUpgradeWorks(server, first);
            assertClean(client.stop());
        }
    }

    @Test
    void shouldServeOnWhenASecondCopyExitsBeforeItIsReady() {
        String[] options = {"--port", "0", "--handoff", handoff};
        RunningProcess server = processes.start(JavaCommand.http(options));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            RunningProcess copy = processes.start(JavaCommand.http(options).with("--fail-before-ready"));
            assertThat(copy.awaitExit()).isEqualTo(3);
            server.err().await(SERVES_ON + "successor pid " + copy.pid() + " hung up before it was ready");
            ServerGeneration second = processes.start(JavaCommand.http(options)).awaitReady(2);
            awaitAnswers(client, second);
            assertThat(server.awaitExit()).isZero();
            assertClean(client.stop());
        }
    }

    @Test
    void shouldServeOnWhenASecondCopyIsStoppedBeforeItIsReady() {
        String[] options = {"--port", "0", "--handoff", handoff};
        RunningProcess server = processes.start(JavaCommand.http(options));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            RunningProcess copy = processes.start(JavaCommand.http(options).with("--init-delay", "2s"));
            // It has bound its listener, so it has everything, and hears signals.
            Await.until(
                    "event loop of the copy",
                    () -> Proc.threads(copy.pid()).stream().anyMatch(name -> name.startsWith("epollEventLoop")));
            Proc.signal("TERM", copy.pid());
            server.err().await(SERVES_ON + "successor pid " + copy.pid());
            assertRefuses(copy, "stopped");
            awaitAnswers(client, first);
            assertClean(client.stop());
        }
    }

    @Test
    void shouldServeOnWhenASecondCopyIsNotReadyInTime() {
        String[] options = {"--port", "0", "--handoff", handoff, "--upgrade-timeout", "4s"};
        RunningProcess server = processes.start(JavaCommand.http(options));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            RunningProcess copy = processes.start(JavaCommand.http(options).with("--init-delay", "5s"));
            server.err().await(SERVES_ON + "successor pid " + copy.pid() + " says: " + NOT_READY);
            assertRefuses(copy, NOT_READY);
            awaitAnswers(client, processes.start(JavaCommand.http(options)).awaitReady(2));
            assertThat(server.awaitExit()).isZero();
            assertClean(client.stop());
        }
    }

    @Test
    void shouldEndASuccessorThatIsNotReadyInTimeAndDoesNotHeedTerm() throws IOException {
        String[] options = {"listen=127.0.0.1:0", "handoff=" + handoff, "upgradeTimeout=4000"};
        RunningProcess server = processes.start(control.server(options));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            control.letWait(2);
            first.hup();
            server.err().await(NOT_READY);
            Await.until("end of the successor", () -> Proc.children(first.pid()).isEmpty());
            Await.until("no zombie", () -> Proc.zombies(first.pid()).isEmpty());
            control.letBeReady(2);
            // Another copy: the time that its JVM takes to start does not count.
            RunningProcess copy = processes.start(control.server(options));
            awaitAnswers(client, copy.awaitReady(2));
            assertThat(server.awaitExit()).isZero();
            assertClean(client.stop());
        }
    }

    @Test
    void shouldServeOnWhenTheSuccessorCannotBeStarted() {
        RunningProcess server = processes.start(control.server("listen=127.0.0.1:0", "upgradeCommand=/does/not/exist"));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            assertThat(server.out().await("UPGRADE"))
                    .startsWith("UPGRADE cannot start the successor: ")
                    .contains("/does/not/exist", "No such file or directory");
            awaitAnswers(client, first);
            first.hup();
            Await.until(
                    "a second failure in the log",
                    () -> server.err().count(SERVES_ON + "cannot start the successor") == 2);
            assertClean(client.stop());
        }
    }

    @Test
    void shouldRefuseASecondUpgradeWhileOneRuns() throws IOException {
        RunningProcess server = processes.start(control.server("listen=127.0.0.1:0"));
        ServerGeneration first = server.awaitReady(1);
        control.letWait(2);
        first.hup();
        long successor = awaitWaiting(server, 2);
        first.hup();
        server.err().await("upgrade refused: an upgrade is in progress");
        assertThat(Proc.children(first.pid())).containsExactly(successor);
        control.letBeReady(2);
        assertThat(server.awaitReady(2).pid()).isEqualTo(successor);
    }

    @Test
    void shouldRefuseASecondCopyWhileAnUpgradeRuns() throws IOException {
        String[] options = {"listen=127.0.0.1:0", "handoff=" + handoff};
        RunningProcess server = processes.start(control.server(options));
        ServerGeneration first = server.awaitReady(1);
        control.letWait(2);
        first.hup();
        long successor = awaitWaiting(server, 2);
        RunningProcess copy = processes.start(JavaCommand.http("--port", "0", "--handoff", handoff));
        assertRefuses(copy, "pid " + first.pid(), "an upgrade is in progress");
        control.letBeReady(2);
        assertThat(server.awaitReady(2).pid()).isEqualTo(successor);
    }

    @Test
    void shouldRefuseToUpgradeBeforeItIsReady() throws IOException {
        control.letWait(1);
        RunningProcess server = processes.start(control.server("listen=127.0.0.1:0"));
        long pid = awaitWaiting(server, 1);
        Proc.signal("HUP", pid);
        server.err().await("upgrade refused: it is not ready yet");
        assertThat(Proc.children(pid)).isEmpty();
        control.letBeReady(1);
        ServerGeneration first = server.awaitReady(1);
        assertNextUpgradeWorks(server, first);
    }

    @Test
    void shouldRefuseToUpgradeWhenItHasBeenReplaced() {
        RunningProcess server = processes.start(JavaCommand.http("--no-migrate", "--port", "0"));
        ServerGeneration first = server.awaitReady(1);
        try (HttpConnection connection = HttpConnection.to(first.address())) {
            assertThat(connection.get("/").pid()).isEqualTo(first.pid());
            first.hup();
            server.awaitReady(2);
            server.err().await("handed over to pid");
            first.hup();
            server.err().await("upgrade refused: it has been replaced and drains");
            assertThat(connection.get("/").pid()).isEqualTo(first.pid());
        }
    }

    @Test
    void shouldServeWaitingConnectionsWhenThePredecessorIsKilledWhileItsChildInitialises() throws IOException {
        RunningProcess server = processes.start(control.server("listen=127.0.0.1:0"));
        ServerGeneration first = server.awaitReady(1);
        control.letWait(2);
        first.hup();
        long successor = awaitWaiting(server, 2);
        first.kill();
        shouldServeWaitingConnections(server, first, successor);
    }

    @Test
    void shouldServeWaitingConnectionsWhenThePredecessorIsKilledWhileASecondCopyInitialises() throws IOException {
        String[] options = {"listen=127.0.0.1:0", "handoff=" + handoff};
        RunningProcess server = processes.start(control.server(options));
        ServerGeneration first = server.awaitReady(1);
        control.letWait(2);
        RunningProcess copy = processes.start(control.server(options));
        long successor = awaitWaiting(copy, 2);
        first.kill();
        ServerGeneration second = shouldServeWaitingConnections(copy, first, successor);
        // The handoff path has come to the successor, too.
        RunningProcess third = processes.start(control.server(options));
        third.awaitReady(3);
        second.awaitEnd();
    }

    private ServerGeneration shouldServeWaitingConnections(
            RunningProcess server, ServerGeneration killed, long successor) throws IOException {
        killed.awaitEnd();
        List<HttpConnection> waiting = Stream.generate(() -> HttpConnection.to(killed.address()))
                .limit(20)
                .toList();
        waiting.forEach(connection -> connection.send("/"));
        assertThat(waiting).allMatch(HttpConnection::isSilent);
        control.letBeReady(2);
        for (HttpConnection connection : waiting) {
            assertThat(connection.receive().pid()).isEqualTo(successor);
            connection.close();
        }
        ServerGeneration second = server.awaitReady(2);
        assertThat(second.address()).isEqualTo(killed.address());
        server.err().await("the predecessor is gone, this process goes on with its listeners");
        return second;
    }

    private static StrictClient load(ServerGeneration server) {
        StrictClient client = StrictClient.builder()
                .address(server.address())
                .busy(4)
                .paced(50, Duration.ofMillis(20))
                .fresh(4, Duration.ofMillis(2))
                .start();
        awaitAnswers(client, server);
        return client;
    }

    /** Until it has answered more than it had until now. */
    private static void awaitAnswers(StrictClient client, ServerGeneration from) {
        long before = answers(client, from);
        Await.until("answers from " + from, () -> answers(client, from) > before);
    }

    private static long answers(StrictClient client, ServerGeneration from) {
        return client.snapshot().generations().stream()
                .filter(each -> each.pid() == from.pid())
                .mapToLong(each -> each.answered())
                .sum();
    }

    private static void assertClean(LoadResult result) {
        assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
    }

    private static long awaitChild(ServerGeneration parent) {
        Await.until("a child", () -> !Proc.children(parent.pid()).isEmpty());
        return Proc.children(parent.pid()).get(0);
    }

    /** Waits until that generation waits, and returns who that is. */
    private static long awaitWaiting(RunningProcess server, int generation) {
        String line = server.out()
                .await(
                        "WAITING of generation " + generation,
                        each -> each.startsWith("WAITING ") && each.endsWith(" generation=" + generation));
        return Long.parseLong(line.replaceFirst("WAITING pid=(\\d+) .*", "$1"));
    }

    /** When the failure is known, the process is gone and has been waited for. */
    private static void assertReaped(ServerGeneration predecessor, long successor) {
        assertThat(Proc.isAlive(successor)).isFalse();
        assertThat(Proc.zombies(predecessor.pid())).isEmpty();
        assertThat(Proc.isAlive(predecessor.pid())).isTrue();
    }

    private void assertNextUpgradeWorks(RunningProcess server, ServerGeneration current) {
        current.hup();
        ServerGeneration next = server.awaitReady(current.generation() + 1);
        processes.awaitOnly(next);
        try (HttpConnection connection = HttpConnection.to(next.address())) {
            assertThat(connection.get("/").pid()).isEqualTo(next.pid());
        }
    }
}
