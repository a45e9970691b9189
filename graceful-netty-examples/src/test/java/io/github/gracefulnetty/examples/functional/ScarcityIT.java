// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Without descriptors or memory at the moment of an upgrade: the predecessor serves on and says why, in one line. */
@Tag("once")
class ScarcityIT {
    private static final String SERVES_ON = "this process serves on: ";
    private static final String PRLIMIT = "/usr/bin/prlimit";
    private static final int LISTENERS = 60;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private String handoff = "unset";

    @BeforeEach
    void prepare() {
        assumeTrue(Files.isExecutable(Path.of(PRLIMIT)), "prlimit is missing: install util-linux");
        handoff = directory.resolve("handoff.sock").toString();
    }

    private JavaCommand server(String... more) {
        return JavaCommand.http("--port", "0", "--handoff", handoff).with(more);
    }

    private static void limitDescriptors(ServerGeneration server, String limit) {
        Proc.run(PRLIMIT, "--pid", Long.toString(server.pid()), "--nofile=" + limit + ":");
    }

    private String onlyFailure(RunningProcess server) {
        List<String> failures = server.err().lines().stream()
                .filter(line -> line.contains(SERVES_ON))
                .toList();
        assertThat(failures).hasSize(1);
        return failures.get(0);
    }

    @Test
    void shouldServeOnWhenItMayOpenNothingMore() {
        RunningProcess server = processes.start(server());
        ServerGeneration first = server.awaitReady(1);
        try (HttpConnection connection = HttpConnection.to(first.address())) {
            assertThat(connection.get("/").pid()).isEqualTo(first.pid());
            limitDescriptors(
                    first, Integer.toString(Proc.descriptors(first.pid()).size()));
            first.hup();
            server.err().await(SERVES_ON);
            assertThat(onlyFailure(server)).contains("ulimit -n");
            assertThat(connection.get("/").pid()).isEqualTo(first.pid());
            assertThat(Proc.children(first.pid())).isEmpty();
            limitDescriptors(first, "1000");
            first.hup();
            ServerGeneration second = server.awaitReady(2);
            assertThat(connection.get("/").status()).isEqualTo(200);
            first.awaitEnd();
            processes.awaitOnly(second);
        }
    }

    @Test
    void shouldServeAgainWhenItMayOpenNothingMore() {
        RunningProcess server = processes.start(server().environment("GRACEFUL_NETTY_PROBATION", "10s"));
        ServerGeneration first = server.awaitReady(1);
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        server.err().await("handed over to pid");
        limitDescriptors(first, "1");
        second.kill();
        server.err().await("this process serves again");
        server.err().await("cannot take the handoff path or the PID file back yet");
        limitDescriptors(first, "1000");
        HttpConnection.acceptedBy(first).close();
        server.err().await("the handoff path and the PID file are this process's again");
        processes.start(server());
        Await.until("another upgrade", () -> server.err().count("handed over to pid") == 2);
    }

    @Test
    void shouldServeOnWhenTheSuccessorMayNotOpenSoMany() {
        List<String> many = new ArrayList<>();
        for (int i = 1; i < LISTENERS; i++) {
            many.addAll(List.of("--port", "0"));
        }
        RunningProcess server = processes.start(server(many.toArray(String[]::new)));
        ServerGeneration first = server.awaitReady(1);
        RunningProcess copy = processes.start(server().through(PRLIMIT, "--nofile=" + LISTENERS + ":" + LISTENERS));
        server.err().await(SERVES_ON);
        assertThat(onlyFailure(server)).contains("pid " + copy.pid(), "ulimit -n");
        assertThat(copy.awaitExit()).isNotZero();
        assertAnswers(first);
        assertThat(Proc.descriptors(first.pid()).values())
                .filteredOn(name -> name.contains("socket"))
                .hasSizeGreaterThanOrEqualTo(LISTENERS);
    }

    @Test
    void shouldServeOnWhenTheSuccessorHasNoMemory() {
        RunningProcess server = processes.start(server());
        ServerGeneration first = server.awaitReady(1);
        RunningProcess copy = processes.start(server().jvm("-Xmx2m", "-XX:+ExitOnOutOfMemoryError"));
        assertThat(copy.awaitExit()).isNotZero();
        assertAnswers(first);
        first.hup();
        HttpConnection.acceptedBy(server.awaitReady(2)).close();
    }

    private static void assertAnswers(ServerGeneration server) {
        try (HttpConnection connection = HttpConnection.to(server.address())) {
            assertThat(connection.get("/").pid()).isEqualTo(server.pid());
        }
    }
}
