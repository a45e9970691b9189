// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.Main;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The user of a server may have no more processes and threads ({@code ulimit -u}) when it is upgraded: it serves on. */
@Tag("once")
class ProcessLimitIT {
    private static final String FAILED = "this process serves on";

    private static final String ENOUGH = "1000";

    /** The limit counts all processes of a user, so this one has no others. */
    private static final int UID = 64_000 + (int) (ProcessHandle.current().pid() % 1_000);

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private Unprivileged user;

    @BeforeEach
    void makeUser() throws IOException {
        Unprivileged.assumePossible();
        user = new Unprivileged(directory, UID);
    }

    private RunningProcess start() {
        String handoff = directory.resolve("handoff.sock").toString();
        return processes.start(
                user.main(Main.class, 1_024, "http", "--host", "127.0.0.1", "--port", "0", "--handoff", handoff));
    }

    /** What it may have beyond what it has now. */
    private static void allowMore(ServerGeneration server, int tasks) {
        limit(server, Integer.toString(Proc.threads(server.pid()).size() + tasks));
    }

    /** A process may change the limit of another one of its user. */
    private static void limit(ServerGeneration server, String tasks) {
        String id = Integer.toString(UID);
        String pid = Long.toString(server.pid());
        Proc.run(
                "setpriv",
                "--reuid",
                id,
                "--regid",
                id,
                "--clear-groups",
                "prlimit",
                "--pid",
                pid,
                "--nproc=" + tasks + ":");
    }

    /** All its event loops have a thread. */
    private static void warmUp(ServerGeneration server) {
        for (int i = 0; i < 4 * Runtime.getRuntime().availableProcessors(); i++) {
            assertAnswers(server);
        }
    }

    private static void assertAnswers(ServerGeneration server) {
        try (HttpConnection connection = HttpConnection.to(server.address())) {
            assertThat(connection.get("/").pid()).isEqualTo(server.pid());
        }
    }

    @Test
    void shouldServeOnWhenTheSuccessorCannotBeStarted() {
        RunningProcess server = start();
        ServerGeneration first = server.awaitReady(1);
        warmUp(first);
        int failed = 0;
        // 1 is the thread that handles the signal. A JVM that may have a few threads begins to start.
        for (int more : new int[] {1, 3, 9}) {
            allowMore(first, more);
            first.hup();
            int failures = ++failed;
            Await.until(
                    "a failed upgrade with " + more + " more",
                    () -> server.err().count(FAILED) == failures);
            assertThat(server.err().lines())
                    .filteredOn(line -> line.contains(FAILED))
                    .last()
                    .asString()
                    .containsAnyOf("(ulimit -u)", "exited with status 1 before it was ready");
            assertAnswers(first);
            Await.until("the end of the child", () -> Proc.children(first.pid()).isEmpty());
            assertThat(Proc.zombies(first.pid())).isEmpty();
        }
        limit(first, ENOUGH);
        first.hup();
        HttpConnection.acceptedBy(server.awaitReady(2)).close();
    }

    /** The JVM has no thread then that could handle a signal, and says so. Who comes by itself may take over. */
    @Test
    void shouldHandOverWithoutANewThread() {
        RunningProcess server = start();
        ServerGeneration first = server.awaitReady(1);
        warmUp(first);
        allowMore(first, 0);
        first.hup();
        Await.until(
                "the JVM says that it cannot handle the signal",
                () -> (server.out().text() + server.err().text()).contains("pthread_create"));
        assertAnswers(first);
        RunningProcess copy = start();
        ServerGeneration second = copy.awaitReady(2);
        limit(first, ENOUGH); // Netty wants a thread to shut the event loops down
        first.awaitEnd();
        assertThat(server.awaitExit()).isZero();
        assertAnswers(second);
    }
}
