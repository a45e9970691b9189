// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static io.github.gracefulnetty.examples.functional.Refusal.assertRefuses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.gracefulnetty.examples.functional.ControlledServer.Control;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A service manager opens the listeners; this process serves them, and so do its successors. */
@Tag("once")
class ActivationIT {
    private static final String ACTIVATOR = "systemd-socket-activate";

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldServeAPassedTcpListenerAndHandItOn() {
        int port = FreePort.find();
        RunningProcess server = activate(JavaCommand.http("--port", Integer.toString(port)), "-l", "127.0.0.1:" + port);
        shouldServeAndHandOn(server, 1, List.of(() -> HttpConnection.to(local(port))));
    }

    /** As {@code ListenStream=8080} does, which is what most units say. */
    @Test
    void shouldServeAPassedWildcardListenerAndHandItOn() {
        int port = FreePort.find();
        RunningProcess server =
                activate(JavaCommand.example("http", "--port", Integer.toString(port)), "-l", Integer.toString(port));
        shouldServeAndHandOn(server, 1, List.of(() -> HttpConnection.to(local(port))));
    }

    @Test
    void shouldServeAPassedUnixListenerAndHandItOnAndLeaveItsPathAlone() {
        Path path = directory.resolve("server.sock");
        RunningProcess server = activate(JavaCommand.example("http", "--unix", path.toString()), "-l", path.toString());
        ServerGeneration last = shouldServeAndHandOn(server, 1, List.of(() -> HttpConnection.to(path)));
        last.term();
        last.awaitEnd();
        assertThat(path).as("the service manager's socket").exists();
    }

    @Test
    void shouldServeSeveralPassedListenersAndHandThemOn() {
        int first = FreePort.find();
        int second = FreePort.find();
        Path path = directory.resolve("server.sock");
        RunningProcess server = activate(
                JavaCommand.http(
                        "--port", Integer.toString(second),
                        "--port", Integer.toString(first),
                        "--unix", path.toString()),
                "-l",
                "127.0.0.1:" + first,
                "-l",
                "127.0.0.1:" + second,
                "-l",
                path.toString());
        shouldServeAndHandOn(
                server,
                3,
                List.of(
                        () -> HttpConnection.to(local(first)),
                        () -> HttpConnection.to(local(second)),
                        () -> HttpConnection.to(path)));
    }

    private interface Client {
        HttpConnection connect();
    }

    private ServerGeneration shouldServeAndHandOn(RunningProcess server, int listeners, List<Client> clients) {
        Collection<Long> passed = awaitListeners(server, listeners);
        // The first connection starts the server, and waits for it.
        try (HttpConnection waiting = clients.get(0).connect().send("/")) {
            ServerGeneration first = server.awaitReady(1, listeners);
            assertThat(first.pid()).isEqualTo(server.pid());
            assertThat(waiting.receive().pid()).isEqualTo(first.pid());
            assertServes(first, passed, clients);
        }
        ServerGeneration current = server.awaitReady(1, listeners);
        for (int generation = 2; generation <= 3; generation++) {
            current.hup();
            current = server.awaitReady(generation, listeners);
            processes.awaitOnly(current); // for a moment, both accept
            assertServes(current, passed, clients);
            assertThat(Proc.environment(current.pid()))
                    .doesNotContainKeys("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES");
        }
        return current;
    }

    /** The very sockets that were passed, none else, all of them without the power to block an event loop. */
    private static void assertServes(ServerGeneration server, Collection<Long> passed, List<Client> clients) {
        for (Client client : clients) {
            try (HttpConnection connection = client.connect()) {
                assertThat(connection.get("/").pid()).isEqualTo(server.pid());
            }
        }
        // For a moment, there is the listener of the rehearsal, too.
        Await.untilAsserted("the passed listeners only", () -> {
            Map<Integer, Long> listeners = Proc.listeners(server.pid());
            assertThat(listeners.values()).containsExactlyInAnyOrderElementsOf(passed);
            assertThat(listeners.keySet())
                    .allMatch(descriptor -> (Proc.flags(server.pid(), descriptor) & Proc.O_NONBLOCK) != 0);
        });
    }

    @Test
    void shouldServePassedListenersByTheirNames() throws IOException {
        int web = FreePort.find();
        int admin = FreePort.find();
        Control control = new Control(Files.createDirectory(directory.resolve("control")));
        RunningProcess server = activate(
                control.server("listen=admin@127.0.0.1:0", "listen=web@127.0.0.1:0"),
                "--fdname=web:admin",
                "-l",
                "127.0.0.1:" + web,
                "-l",
                "127.0.0.1:" + admin);
        awaitListeners(server, 2);
        try (HttpConnection waiting = HttpConnection.to(local(web)).send("/")) {
            ServerGeneration first = server.awaitReady(1, 2);
            assertThat(first.addresses()).containsExactly("127.0.0.1:" + admin, "127.0.0.1:" + web);
            assertThat(waiting.receive().pid()).isEqualTo(first.pid());
            first.hup();
            assertThat(server.awaitReady(2, 2).addresses()).isEqualTo(first.addresses());
        }
    }

    @Test
    void shouldIgnoreWhatWasPassedToAnotherProcess() {
        RunningProcess server = processes.start(JavaCommand.http("--port", "0")
                .environment("LISTEN_PID", "1")
                .environment("LISTEN_FDS", "1")
                .environment("LISTEN_FDNAMES", "a:b:c"));
        ServerGeneration first = server.awaitReady(1);
        try (HttpConnection connection = HttpConnection.to(first.address())) {
            assertThat(connection.get("/").pid()).isEqualTo(first.pid());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "LISTEN_PID=$$ LISTEN_FDS=abc, LISTEN_FDS=abc",
        "LISTEN_PID=$$ LISTEN_FDS=-1, LISTEN_FDS=-1",
        "LISTEN_PID=$$ LISTEN_FDS=99999999999, LISTEN_FDS=99999999999",
        "LISTEN_PID=$$ LISTEN_FDS=65536, LISTEN_FDS",
        "LISTEN_PID=nonsense LISTEN_FDS=1, LISTEN_PID=nonsense",
        "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=one, LISTEN_FDNAMES=one",
    })
    void shouldRefuseNonsenseInTheActivationVariables(String variables, String named) {
        assertRefuses(
                processes.start(JavaCommand.http("--port", "0").through("sh", "-c", variables + " exec \"$@\"", "sh")),
                named);
    }

    @ParameterizedTest
    @CsvSource({"3<&-, descriptor 3", "3</dev/null, descriptor 3 (LISTEN_FD_3) is not"})
    void shouldRefuseADescriptorThatIsNotASocket(String redirection, String named) {
        assertRefuses(
                processes.start(JavaCommand.http("--port", "0")
                        .through("sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\" " + redirection, "sh")),
                named);
    }

    @Test
    void shouldRefuseASocketThatDoesNotListen() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "no /bin/bash, which can open sockets");
        try (ServerSocket peer = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertRefuses(
                    processes.start(JavaCommand.http("--port", "0")
                            .through(
                                    "/bin/bash",
                                    "-c",
                                    "exec 3<>/dev/tcp/127.0.0.1/" + peer.getLocalPort()
                                            + "; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"",
                                    "bash")),
                    "descriptor 3",
                    "does not listen");
        }
    }

    private RunningProcess activate(JavaCommand command, String... options) {
        Programs.require(ACTIVATOR, "systemd");
        List<String> prefix = new ArrayList<>(List.of(ACTIVATOR, "--setenv=" + TestProcesses.MARK));
        prefix.addAll(List.of(options));
        return processes.start(command.through(prefix.toArray(String[]::new)));
    }

    /** Waits until the activator listens; returns what tells the listeners from any others. */
    private static Set<Long> awaitListeners(RunningProcess activator, int count) {
        Await.until(
                "listeners of " + ACTIVATOR,
                () -> Proc.listeners(activator.pid()).size() == count);
        return new HashSet<>(Proc.listeners(activator.pid()).values());
    }

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }
}
