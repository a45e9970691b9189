// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.load.StrictClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever ends a process, or its upgrade, loads no class any more that {@code Preload} has not: its jar may have been
 * overwritten. With {@code -Dpreload=record} the names that are missing are added to the list.
 */
class LateLoadingIT {
    private static final String LIST =
            "graceful-netty-core/src/main/resources/io/github/gracefulnetty/internal/upgrade/" + "preload.txt";
    private static final int IDLE = 5;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private ClassLog classes = new ClassLog(Path.of("unset"));
    private DeployedJar jar = new DeployedJar(Path.of("unset"));
    private int port;

    @BeforeEach
    void prepare() throws IOException {
        classes = new ClassLog(Files.createDirectory(directory.resolve("classes")));
        jar = DeployedJar.in(directory);
        port = FreePort.find();
    }

    @Test
    void shouldLoadNothingWhenASecondCopyTakesOverWithItsConnections() throws IOException {
        RunningProcess server = processes.start(command());
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first);
                IdleConnections idle = idle(first)) {
            int mark = awaitPreloaded(first);
            ServerGeneration second = processes.start(command()).awaitReady(2);
            first.awaitEnd();
            assertThat(idle.ask().from(second.pid())).isEqualTo(IDLE);
            assertThat(client.stop().clean()).isTrue();
            assertLoadedNothingSince(mark, first);
        }
    }

    @Test
    void shouldLoadNothingWhenItIsUpgradedBySignal() throws IOException {
        RunningProcess server = processes.start(command());
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first);
                IdleConnections idle = idle(first)) {
            int mark = awaitPreloaded(first);
            first.hup();
            ServerGeneration second = server.awaitReady(2);
            first.awaitEnd();
            assertThat(idle.ask().from(second.pid())).isEqualTo(IDLE);
            assertThat(client.stop().clean()).isTrue();
            assertLoadedNothingSince(mark, first);
        }
    }

    @Test
    void shouldLoadNothingWhenAnUpgradeFails() throws IOException {
        RunningProcess server = processes.start(command());
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            int mark = awaitPreloaded(first);
            jar.replace(DeployedJar.garbage());
            first.hup();
            server.err().await(", this process serves on: ");
            assertThat(client.stop().clean()).isTrue();
            assertLoadedNothingSince(mark, first);
        }
    }

    @Test
    void shouldLoadNothingWhenItsSuccessorDiesOnProbation() throws IOException {
        RunningProcess server = processes.start(command().environment("GRACEFUL_NETTY_PROBATION", "60s"));
        ServerGeneration first = server.awaitReady(1);
        int mark = awaitPreloaded(first);
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        server.err().await("handed over to pid " + second.pid());
        second.kill();
        server.err().await("this process serves again");
        first.term();
        assertThat(server.awaitExit()).as(server::report).isZero();
        assertLoadedNothingSince(mark, first);
    }

    @Test
    void shouldLoadNothingWhenItIsToldToStop() throws IOException {
        RunningProcess server = processes.start(command().with("--drain-timeout", "1s"));
        ServerGeneration first = server.awaitReady(1);
        try (IdleConnections idle = idle(first)) {
            int mark = awaitPreloaded(first);
            first.term();
            assertThat(server.awaitExit()).as(server::report).isZero();
            assertLoadedNothingSince(mark, first);
        }
    }

    @Test
    void shouldLoadNothingWhenItHandsOverLargeStatesAndSocketsOfEachKind() throws IOException {
        RunningProcess server = processes.start(laden());
        ServerGeneration first = server.awaitReady(1);
        int mark = awaitPreloaded(first);
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        first.awaitEnd();
        assertLoadedNothingSince(mark, first);
        mark = awaitPreloaded(second);
        second.hup();
        server.awaitReady(3);
        second.awaitEnd();
        assertLoadedNothingSince(mark, second);
    }

    @Test
    void shouldHandOverLargeStatesWhenItsJarWasOverwritten() throws IOException {
        RunningProcess server = processes.start(laden());
        ServerGeneration first = server.awaitReady(1);
        awaitPreloaded(first);
        jar.overwrite(DeployedJar.newVersion());
        first.hup();
        server.awaitReady(2);
        first.awaitEnd();
    }

    private JavaCommand laden() {
        return classes.log(JavaCommand.classPath(
                JavaCommand.testClasses() + ":" + jar.path(), LadenServer.class, directory.toString()));
    }

    private JavaCommand command() {
        return classes.log(JavaCommand.jar(
                jar.path(),
                "http",
                "--host",
                "127.0.0.1",
                "--port",
                Integer.toString(port),
                "--handoff",
                directory.resolve("handoff.sock").toString()));
    }

    /** Connections are in all states: idle ones move, busy ones too, and new ones come. */
    private static StrictClient load(ServerGeneration server) {
        StrictClient client = StrictClient.builder()
                .address(server.address())
                .busy(2)
                .paced(20, Duration.ofMillis(50))
                .fresh(2, Duration.ofMillis(10))
                .start();
        Await.until("answers", () -> client.snapshot().answered() > 100);
        return client;
    }

    private static IdleConnections idle(ServerGeneration server) {
        IdleConnections idle = new IdleConnections(server.address(), IDLE);
        assertThat(idle.ask().from(server.pid())).isEqualTo(IDLE);
        return idle;
    }

    private int awaitPreloaded(ServerGeneration server) {
        classes.awaitPreloaded(server);
        return classes.mark(server);
    }

    private void assertLoadedNothingSince(int mark, ServerGeneration server) throws IOException {
        List<String> late = classes.loadedSince(mark, server);
        if ("record".equals(System.getProperty("preload"))) {
            record(late);
        }
        assertThat(late)
                .as("classes that were loaded too late: run this test with -Dpreload=record, which adds them to " + LIST
                        + ", and build anew")
                .isEmpty();
    }

    private static void record(List<String> names) throws IOException {
        Path list = JavaCommand.testClasses().resolve("../../..").resolve(LIST).normalize();
        TreeSet<String> all = new TreeSet<>(Files.readAllLines(list));
        all.addAll(names);
        Files.write(list, all);
    }
}
