// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.functional.Await;
import io.github.gracefulnetty.examples.functional.JavaCommand;
import io.github.gracefulnetty.examples.functional.RunningProcess;
import io.github.gracefulnetty.examples.functional.ServerGeneration;
import io.github.gracefulnetty.examples.functional.TestCertificate;
import io.github.gracefulnetty.examples.functional.TestProcesses;
import io.github.gracefulnetty.grpc.BusyServer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Upgrades cost no gRPC client anything: no refused connection, no failed call, no broken stream. */
class UpgradeUnderLoadIT {
    private static final int UPGRADES = 10;
    private static final int STREAMS = 50;
    private static final Path JAR =
            Path.of("target/graceful-netty-example-grpc.jar").toAbsolutePath();

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldLoseNothingOverTenUpgradesByHup() {
        RunningProcess server = processes.start(example());
        ServerGeneration first = server.awaitReady(1);
        shouldLoseNothingOverUpgrades(server, first, new StrictLoad(first.address()));
    }

    @Test
    void shouldLoseNothingOverTenUpgradesWithTls() throws Exception {
        TestCertificate certificate = new TestCertificate(directory);
        RunningProcess server = processes.start(example()
                .with(
                        "--certificate",
                        certificate.certificate().toString(),
                        "--key",
                        certificate.key().toString()));
        ServerGeneration first = server.awaitReady(1);
        shouldLoseNothingOverUpgrades(server, first, new StrictLoad(first.address(), certificate.certificate()));
    }

    @Test
    void shouldLoseNothingOverTenUpgradesWhenTheLoopThatAcceptsIsBusy() {
        RunningProcess server = processes.start(
                JavaCommand.classPath(JAR + ":" + Path.of("target/test-classes").toAbsolutePath(), BusyServer.class));
        ServerGeneration first = server.awaitReady(1);
        shouldLoseNothingOverUpgrades(server, first, new StrictLoad(first.address()));
    }

    private void shouldLoseNothingOverUpgrades(RunningProcess server, ServerGeneration first, StrictLoad clients) {
        ServerGeneration current = first;
        try (StrictLoad load = begin(clients)) {
            for (int generation = 1; generation <= UPGRADES; generation++) {
                awaitAnswers(load, generation);
                current.hup();
                current = server.awaitReady(generation + 1);
            }
            awaitAnswers(load, UPGRADES + 1);
            processes.awaitOnly(current);
            assertNothingLost(load, UPGRADES);
        }
        assertThat(server.awaitExit()).isZero();
        server.assertDrainedGently(UPGRADES);
    }

    @Test
    void shouldLoseNothingWhenASecondCopyTakesOver() {
        String handoff = directory.resolve("handoff").toString();
        RunningProcess first = processes.start(example().with("--handoff", handoff));
        try (StrictLoad load = begin(new StrictLoad(first.awaitReady(1).address()))) {
            awaitAnswers(load, 1);
            RunningProcess second = processes.start(example().with("--handoff", handoff));
            second.awaitReady(2);
            assertThat(first.awaitExit()).isZero();
            awaitAnswers(load, 2);
            assertNothingLost(load, 1);
        }
        first.assertDrainedGently(1);
    }

    private static JavaCommand example() {
        return JavaCommand.jar(JAR, "--host", "127.0.0.1", "--port", "0");
    }

    private static StrictLoad begin(StrictLoad load) {
        return load.calls(4, 16).streams(5, STREAMS / 5).fresh(4);
    }

    private static void awaitAnswers(StrictLoad load, int generation) {
        Await.until("answers from generation " + generation, () -> load.hasSeen(generation));
    }

    private static void assertNothingLost(StrictLoad load, int upgrades) {
        load.stop();
        System.out.println("MEASURED " + load);
        assertThat(load.failures()).as("%s", load).isEmpty();
        assertThat(load.completedStreams())
                .as("each stream ended once per upgrade")
                .isGreaterThanOrEqualTo((long) STREAMS * upgrades);
    }
}
