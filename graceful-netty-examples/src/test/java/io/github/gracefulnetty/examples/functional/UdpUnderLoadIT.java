// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.gracefulnetty.examples.load.DatagramLoad;
import io.github.gracefulnetty.examples.load.DatagramResult;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Four clients send 20,000 numbered datagrams a second: each is answered, and once, whoever answers. */
class UdpUnderLoadIT {
    private static final int CLIENTS = 4;
    private static final int PER_SECOND = 20_000;
    private static final int UPGRADES = 20;
    private static final int RECEIVE_BUFFER = 32 << 20;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    /** What arrives while a new JVM takes the processors must fit into the kernel's buffer; otherwise the kernel drops it. */
    @BeforeEach
    void shouldHaveRoomForTheLoad() throws IOException {
        byte[] limit;
        try (InputStream in = Files.newInputStream(Path.of("/proc/sys/net/core/rmem_max"))) {
            limit = in.readNBytes(32); // at once: this kind of file ends after the first read
        }
        assumeTrue(
                Integer.parseInt(new String(limit, US_ASCII).strip()) >= RECEIVE_BUFFER,
                "needs sysctl -w net.core.rmem_max=" + RECEIVE_BUFFER + " (Debian package procps)");
    }

    @Test
    @Tag("once")
    void shouldAnswerEachDatagramOnceWithoutAnUpgrade() throws Exception {
        RunningProcess server = processes.start(udp());
        ServerGeneration only = server.awaitReady(1);
        try (DatagramLoad load = DatagramLoad.start(only.address(), CLIENTS, PER_SECOND)) {
            Await.until("10 s of load", () -> load.sent() >= 10L * PER_SECOND);
            assertAllAnsweredOnce("without an upgrade", load, only);
        }
    }

    @Test
    void shouldAnswerEachDatagramOnceOver20UpgradesByASignal() throws Exception {
        RunningProcess server = processes.start(udp());
        ServerGeneration current = server.awaitReady(1);
        try (DatagramLoad load = DatagramLoad.start(current.address(), CLIENTS, PER_SECOND)) {
            awaitAnswersFrom(load, 1);
            for (int upgrade = 1; upgrade <= UPGRADES; upgrade++) {
                current.hup();
                current = server.awaitReady(upgrade + 1);
                awaitAnswersFrom(load, upgrade + 1);
            }
            assertAllAnsweredOnce("over " + UPGRADES + " upgrades by HUP", load, current);
        }
        processes.awaitOnly(current);
    }

    @Test
    @Tag("once")
    void shouldAnswerEachDatagramOnceWhenSecondCopiesTakeOver() throws Exception {
        RunningProcess copy = processes.start(udp());
        ServerGeneration current = copy.awaitReady(1);
        try (DatagramLoad load = DatagramLoad.start(current.address(), CLIENTS, PER_SECOND)) {
            awaitAnswersFrom(load, 1);
            for (int upgrade = 1; upgrade <= 3; upgrade++) {
                RunningProcess next = processes.start(udp());
                current = next.awaitReady(upgrade + 1);
                assertThat(copy.awaitExit())
                        .as("status of the replaced " + copy)
                        .isZero();
                awaitAnswersFrom(load, upgrade + 1);
                copy = next;
            }
            assertAllAnsweredOnce("over 3 upgrades by second copies", load, current);
        }
        processes.awaitOnly(current);
    }

    private JavaCommand udp() {
        return JavaCommand.example(
                "udp",
                "--port",
                "0",
                "--receive-buffer",
                Integer.toString(RECEIVE_BUFFER),
                "--handoff",
                directory.resolve("handoff.sock").toString());
    }

    private static void awaitAnswersFrom(DatagramLoad load, int generation) {
        Await.until("answers from generation " + generation, () -> load.answersFrom(generation) > 1_000);
    }

    private static void assertAllAnsweredOnce(String when, DatagramLoad load, ServerGeneration server)
            throws Exception {
        // A quick machine is through with its upgrades after less: a load is worth counting from here on.
        Await.until("3 s of load", () -> load.sent() > 3L * PER_SECOND);
        DatagramResult result = load.stop();
        long dropped = droppedByTheKernel(server.address().getPort());
        String what = "UDP " + when + ": " + result + ", the kernel dropped " + dropped;
        System.out.println(what);
        // What the kernel had no room for on a starved machine never reached any process.
        assertThat(result.unanswered()).as(what).isEqualTo(dropped);
        assertThat(result.twice()).as(what).isZero();
        assertThat(result.refused()).as(what).isZero();
    }

    /** How much did not fit into the receive buffer of the socket at this port, in its whole life. */
    private static long droppedByTheKernel(int port) throws IOException {
        String local = String.format(":%04X", port);
        long dropped = 0;
        for (String table : List.of("udp", "udp6")) {
            for (String line : Files.readAllLines(Path.of("/proc/net", table))) {
                String[] fields = line.strip().split("\\s+", -1);
                if (fields[1].endsWith(local)) {
                    dropped += Long.parseLong(fields[fields.length - 1]);
                }
            }
        }
        return dropped;
    }
}
