// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.descriptors;

import io.github.gracefulnetty.benchmarks.ChildJvm;
import io.github.gracefulnetty.benchmarks.MachineLoad;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Measures handoffs from one JVM to another, each pair of them fresh for every figure: the first handoff of both, cold,
 * and later ones, warm. All descriptors of a handoff are different sockets. Next to each warm handoff, a bare loop moves
 * as many.
 */
@Command(
        name = "descriptors",
        description = "Descriptors handed over per second, against a bare loop of sendFd and recvFd.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class DescriptorsBench implements Callable<Integer> {
    private static final int LEAST_WARM_UP = 10;
    private static final int MOST_WARM_UP = 1000;
    private static final int DECISIVE = 1000;
    private static final int LARGE = 10_000;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--numbers",
            paramLabel = "N",
            split = ",",
            defaultValue = "1,100,1000,10000",
            description = "Of descriptors in a handoff; ${DEFAULT-VALUE}")
    private List<Integer> numbers = new ArrayList<>();

    @Option(
            names = "--kinds",
            paramLabel = "KIND",
            split = ",",
            defaultValue = "CONNECTION,LISTENER",
            description = "Any of ${COMPLETION-CANDIDATES}; all by default")
    private List<Kind> kinds = new ArrayList<>();

    @Option(
            names = "--outcomes",
            paramLabel = "OUTCOME",
            split = ",",
            defaultValue = "RAW,REGISTERED",
            description = "Any of ${COMPLETION-CANDIDATES}; all by default")
    private List<Outcome> outcomes = new ArrayList<>();

    @Option(names = "--runs", paramLabel = "N", defaultValue = "21", description = "Warm ones; ${DEFAULT-VALUE}")
    private int runs;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "300000",
            description = "Descriptors that are not counted, in " + LEAST_WARM_UP + " to " + MOST_WARM_UP
                    + " handoffs; ${DEFAULT-VALUE}")
    private int warmUp;

    @Option(
            names = "--workers",
            paramLabel = "N",
            defaultValue = "1",
            description = "Event loops of the receiver's channels; ${DEFAULT-VALUE}")
    private int workers;

    @Option(names = "--jvm", paramLabel = "FLAG", description = "JVM flag of both processes; may be repeated.")
    private List<String> jvmFlags = new ArrayList<>();

    @Option(
            names = "--raw-limit",
            paramLabel = "RATE",
            defaultValue = "100000",
            description = "Exit with status 1 below it, at " + DECISIVE + ", warm; ${DEFAULT-VALUE}")
    private double rawLimit;

    @Option(
            names = "--registered-limit",
            paramLabel = "RATE",
            defaultValue = "50000",
            description = "The same for registered ones; ${DEFAULT-VALUE}")
    private double registeredLimit;

    private final List<Cell> cells = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        print("descriptors: every descriptor of a handoff is another socket; load %s", MachineLoad.now());
        print("%s", Cell.head());
        for (Kind kind : kinds) {
            for (Outcome outcome : outcomes) {
                for (int number : numbers) {
                    Cell cell = new Cell(kind, outcome, number);
                    measure(cell);
                    cells.add(cell);
                    print("%s", cell);
                }
            }
        }
        return report();
    }

    private void measure(Cell cell) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("descriptors-bench");
        // The clients are closed last: the sender's channels are not to see their resets.
        try (Clients clients = new Clients();
                ChildJvm sender = new ChildJvm(SenderProcess.class, jvmFlags, cell.kind, cell.count, directory)) {
            if (cell.kind == Kind.CONNECTION) {
                clients.connect(cell.count, Integer.parseInt(sender.after(SenderProcess.PORT)));
            }
            sender.after(SenderProcess.READY);
            receive(cell, directory);
        } finally {
            Files.deleteIfExists(directory.resolve(SenderProcess.BARE));
            Files.deleteIfExists(directory.resolve(SenderProcess.HANDOFF));
            Files.delete(directory);
        }
    }

    private void receive(Cell cell, Path directory) throws IOException, InterruptedException {
        int handoffs = Math.min(Math.max(warmUp / cell.count, LEAST_WARM_UP), MOST_WARM_UP);
        try (ChildJvm receiver = new ChildJvm(
                ReceiverProcess.class, jvmFlags, cell.outcome, cell.count, directory, handoffs, runs, workers)) {
            cell.cold(receiver.after(ReceiverProcess.COLD));
            for (int run = 0; run < runs; run++) {
                cell.warm(receiver.after(ReceiverProcess.WARM));
                cell.bare(receiver.after(ReceiverProcess.BARE));
                cell.floor(receiver.after(ReceiverProcess.FLOOR));
            }
            receiver.after(ReceiverProcess.DONE);
        }
    }

    private int report() {
        boolean met = true;
        for (Cell cell : cells) {
            if (cell.count == DECISIVE) {
                double limit = cell.outcome == Outcome.RAW ? rawLimit : registeredLimit;
                met &= cell.warm.median() >= limit;
                print("%s: at least %.0f is required", cell.title(), limit);
            } else if (cell.count == LARGE) {
                cells.stream()
                        .filter(cell::isOfSameSort)
                        .filter(other -> other.count == DECISIVE)
                        .forEach(other -> print(
                                "%s: %.3f of the rate at %d (1 is linear)",
                                cell.title(), cell.warm.median() / other.warm.median(), DECISIVE));
            }
        }
        print("load %s", MachineLoad.now());
        return met ? 0 : 1;
    }

    private void print(String format, Object... arguments) {
        PrintWriter out =
                Objects.requireNonNull(spec, "picocli sets it").commandLine().getOut();
        out.println(String.format(Locale.ROOT, format, arguments));
        out.flush();
    }
}
