// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.functional.Fault.Outcome;
import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * The last of many successors has nothing that the first one had not, and nothing else is left; also if something went
 * wrong in each upgrade. {@code -Dupgrades=100} for so many of each kind, {@code -Dfaults.seed} for the same faults again.
 */
@Tag("once")
class AfterManyUpgradesIT {
    private static final int UPGRADES = Integer.getInteger("upgrades", 10);
    private static final int FAULTS = Integer.getInteger("upgrades", 3);

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @TempDir
    Path faults;

    @Test
    void shouldLeaveNothingBehindAfterManyUpgrades() throws IOException {
        Path handoff = directory.resolve("handoff.sock");
        ServerGeneration last =
                shouldLeaveNothingBehind(UPGRADES, JavaCommand.http("--port", "0", "--handoff", handoff.toString()));
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(handoff);
        }
        last.term();
        last.awaitEnd();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldLeaveNothingBehindAfterUpgradesWithoutAHandoffPath() throws IOException {
        shouldLeaveNothingBehind(4, JavaCommand.http("--port", "0"));
        Await.untilAsserted(
                "the end of the last rehearsal",
                () -> assertThat(processes.ownTemporaryFiles()).isEmpty());
    }

    private ServerGeneration shouldLeaveNothingBehind(int upgrades, JavaCommand command) {
        RunningProcess server = processes.start(command.environment("GRACEFUL_NETTY_PROBATION", "500ms"));
        ServerGeneration current = upgrade(server, server.awaitReady(1));
        Footprint second = settled(server, current, null);
        LoadResult result;
        try (StrictClient client = StrictClient.builder()
                .address(current.address())
                .paced(20, Duration.ofMillis(20))
                .fresh(2, Duration.ofMillis(10))
                .start()) {
            while (current.generation() <= upgrades) {
                current = upgrade(server, current);
            }
            result = client.stop();
        }
        assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
        Footprint last = settled(server, current, second);
        System.out.printf(
                "%d upgrades in %.0f s, %d answered, 0 lost, 0 refused%n  generation 2: %s%n  generation %d: %s%n",
                upgrades, result.elapsed().toMillis() / 1e3, result.answered(), second, current.generation(), last);
        assertThat(Proc.zombies(ProcessHandle.current().pid())).isEmpty();
        return current;
    }

    private static ServerGeneration upgrade(RunningProcess server, ServerGeneration current) {
        current.hup();
        return server.awaitReady(current.generation() + 1);
    }

    private Footprint settled(RunningProcess process, ServerGeneration server, @Nullable Footprint expected) {
        processes.awaitOnly(server);
        // It says so when it has closed its connection to the predecessor.
        Await.until(
                "the last word of all predecessors",
                () -> process.err().count("the predecessor has drained") == server.generation() - 1);
        Await.untilAsserted(
                "the end of the rehearsal",
                () -> assertThat(processes.ownTemporaryFiles()).isEmpty());
        return Footprint.of(server.pid(), server.address(), expected);
    }

    @Test
    void shouldLeaveNothingBehindAfterManyFaults() throws IOException {
        long seed = Long.getLong("faults.seed", System.nanoTime());
        Random random = new Random(seed);
        List<Fault> all = Fault.all();
        FaultyUpgrades server = new FaultyUpgrades(processes, faults, directory);
        server.start();
        Footprint first = settled(server, null);
        Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);
        List<String> wrong = new ArrayList<>();
        Losses losses = new Losses();
        for (int i = 0; i < FAULTS; i++) {
            Fault fault = all.get(random.nextInt(all.size()));
            try {
                losses.add(fault, server.survive(fault));
                outcomes.merge(fault.expected(), 1, Integer::sum);
            } catch (AssertionError | RuntimeException e) {
                System.out.println("WRONG " + fault.row() + " " + e.getMessage());
                wrong.add("seed " + seed + ", fault " + i + ": " + fault.row() + " " + e.getMessage());
                server.reset();
            }
        }
        assertThat(wrong).isEmpty();
        Footprint last = settled(server, first);
        System.out.printf(
                "seed %d, %d upgrades with a fault each: who served %s, started anew %d times, %s%n  first: %s%n  last: %s%n",
                seed, FAULTS, outcomes, server.starts() - 1, losses, first, last);
        Await.untilAsserted("what killed processes have left is removed", () -> {
            try (Stream<Path> files = Files.list(directory)) {
                assertThat(files).containsExactly(directory.resolve("handoff.sock"));
            }
        });
    }

    private Footprint settled(FaultyUpgrades server, @Nullable Footprint expected) {
        server.start();
        server.upgrade();
        Await.until("the end of older generations", () -> processes.alive().equals(List.of(server.serving())));
        Footprint footprint = Footprint.of(server.serving(), server.address(), expected);
        server.upgrade();
        return footprint;
    }

    /** What clients have lost, and why it could not be otherwise. */
    private static final class Losses {
        private long answered;
        private long refused;
        private long lost;

        void add(Fault fault, LoadResult result) {
            answered += result.answered();
            refused += result.refused();
            lost += result.lost();
            System.out.printf(
                    "%s %d answered, %d refused, %d lost%n",
                    fault.row(), result.answered(), result.refused(), result.lost());
        }

        @Override
        public String toString() {
            return answered + " answered, " + refused + " refused where the only listener died, " + lost
                    + " lost with a process that died";
        }
    }
}
