// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The service manager is told who serves, as the PID file is: through an upgrade, one that fails, and one that is taken back. */
@Tag("once")
class NotifyIT {
    private static final String UPGRADING = "RELOADING=1\nMONOTONIC_USEC=\nSTATUS=upgrading";

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private static String serves(ServerGeneration server, String status) {
        return "READY=1\nMAINPID=" + server.pid() + "\nSTATUS=" + status;
    }

    private static void assertHeard(NotifySocket manager, String... messages) {
        Await.untilAsserted("the messages", () -> assertThat(manager.heard()).containsExactly(messages));
    }

    private JavaCommand server(String address, String probation) {
        return JavaCommand.http(
                        "--port",
                        "0",
                        "--handoff",
                        directory.resolve("handoff.sock").toString())
                .environment("NOTIFY_SOCKET", address)
                .environment("GRACEFUL_NETTY_PROBATION", probation);
    }

    @Test
    void shouldTellWhoServesThroughAnUpgradeAndAStop() {
        String name = "graceful-netty-" + ProcessHandle.current().pid();
        try (NotifySocket manager = new NotifySocket("\0" + name)) {
            RunningProcess server = processes.start(server("@" + name, "0s"));
            ServerGeneration first = server.awaitReady(1);
            first.hup();
            ServerGeneration second = server.awaitReady(2);
            first.awaitEnd();
            second.term();
            second.awaitEnd();
            assertHeard(
                    manager,
                    serves(first, "generation 1 serves"),
                    UPGRADING,
                    "MAINPID=" + second.pid(),
                    serves(second, "generation 2 serves"),
                    "STOPPING=1\nSTATUS=stopping");
        }
    }

    @Test
    void shouldTellWhenAnUpgradeFailsAndWhenItIsTakenBack() {
        String address = directory.resolve("notify.sock").toString();
        try (NotifySocket manager = new NotifySocket(address)) {
            RunningProcess server = processes.start(server(address, "2m"));
            ServerGeneration first = server.awaitReady(1);
            RunningProcess failing = processes.start(server(address, "2m").with("--fail-before-ready"));
            assertThat(failing.awaitExit()).isEqualTo(3);
            server.err().await("this process serves on");
            Await.until("the failure is told", () -> manager.heard().size() == 3);
            assertThat(manager.heard().subList(0, 2))
                    .isEqualTo(List.of(serves(first, "generation 1 serves"), UPGRADING));
            assertThat(manager.heard().get(2)).startsWith(serves(first, "serves on, the upgrade failed: "));
            first.hup();
            ServerGeneration second = server.awaitReady(2);
            Await.until("the upgrade is told", () -> manager.heard().size() == 6);
            assertThat(manager.heard().subList(3, 6))
                    .isEqualTo(List.of(UPGRADING, "MAINPID=" + second.pid(), serves(second, "generation 2 serves")));
            second.kill();
            Await.until("the way back is told", () -> manager.heard().size() == 7);
            assertThat(manager.heard().get(6)).startsWith(serves(first, "serves again: successor pid " + second.pid()));
            first.term();
            first.awaitEnd();
        }
    }

    @Test
    void shouldServeWhenNobodyListensToIt() {
        RunningProcess server =
                processes.start(server(directory.resolve("nobody").toString(), "0s"));
        ServerGeneration first = server.awaitReady(1);
        server.err().await("the service manager at");
        first.hup();
        server.awaitReady(2);
    }
}
