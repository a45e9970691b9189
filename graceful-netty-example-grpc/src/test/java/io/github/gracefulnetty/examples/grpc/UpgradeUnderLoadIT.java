// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.grpc.ServerProcess.Ready;
import io.github.gracefulnetty.grpc.BusyServer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Upgrades cost no gRPC client anything: no refused connection, no failed call, no broken stream. */
class UpgradeUnderLoadIT {
    private static final int UPGRADES = 10;
    private static final int STREAMS = 50;

    @TempDir
    Path directory;

    @Test
    void shouldLoseNothingOverTenUpgradesByHup() {
        try (ServerProcess server = ServerProcess.example("--host", "127.0.0.1", "--port", "0")) {
            shouldLoseNothingOverUpgrades(server, UPGRADES);
        }
    }

    @Test
    void shouldLoseNothingWhenTheLoopThatAcceptsIsBusy() {
        try (ServerProcess server = ServerProcess.main(BusyServer.class)) {
            shouldLoseNothingOverUpgrades(server, 3);
        }
    }

    private static void shouldLoseNothingOverUpgrades(ServerProcess server, int upgrades) {
        Ready current = server.awaitReady(1);
        try (StrictLoad load = load(current)) {
            for (int upgrade = 1; upgrade <= upgrades; upgrade++) {
                int generation = upgrade;
                ServerProcess.await("answers from generation " + generation, () -> load.hasSeen(generation));
                ServerProcess.signal("HUP", current.pid());
                current = server.awaitReady(upgrade + 1);
            }
            ServerProcess.await("answers from the last one", () -> load.hasSeen(upgrades + 1));
            ServerProcess.await("end of the others", () -> server.alive().size() == 1);
            assertNothingLost(load, upgrades);
        }
        assertThat(server.awaitExit()).isZero();
        assertThat(server.drained())
                .hasSize(upgrades)
                .allSatisfy(drain -> assertThat(drain.forced()).isZero());
        System.out.println("MEASURED drains: " + server.drained());
        ServerProcess.signal("TERM", current.pid());
        ServerProcess.await("end of the last one", () -> server.alive().isEmpty());
        assertThat(server.text()).doesNotContain("\tat ").doesNotContain("LEAK:");
    }

    @Test
    void shouldLoseNothingWhenASecondCopyTakesOver() {
        String[] options = {
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--handoff",
            directory.resolve("handoff").toString()
        };
        try (ServerProcess first = ServerProcess.example(options);
                StrictLoad load = load(first.awaitReady(1))) {
            ServerProcess.await("answers from the first", () -> load.hasSeen(1));
            try (ServerProcess second = ServerProcess.example(options)) {
                second.awaitReady(2);
                assertThat(first.awaitExit()).isZero();
                ServerProcess.await("answers from the second", () -> load.hasSeen(2));
                assertNothingLost(load, 1);
            }
            assertThat(first.drained())
                    .singleElement()
                    .satisfies(drain -> assertThat(drain.forced()).isZero());
        }
    }

    private static StrictLoad load(Ready server) {
        return new StrictLoad(server.address())
                .calls(4, 16)
                .streams(5, STREAMS / 5)
                .fresh(4);
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
