// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.accept;

import io.github.gracefulnetty.benchmarks.MachineLoad;
import io.github.gracefulnetty.benchmarks.Samples;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.ListStatistics;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Runs {@link AcceptBenchmark} in two ways. <em>Apart:</em> each kind of server in forks of its own, in turn; JMH itself
 * would run all forks of one kind before those of the other, and what the machine does besides would be taken for a
 * difference between them. <em>In turn:</em> both in one fork, on the same event loops, batch by batch, so that whatever
 * disturbs one disturbs the other. The first shows the throughput, the second the difference.
 */
@Command(
        name = "accept",
        description = "Connections accepted per second, against a plain ServerBootstrap.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class AcceptBench implements Callable<Integer> {
    private static final double CONFIDENCE = 0.999;
    private static final String PLAIN_NANOS = "plainNanos";
    private static final String PLAIN_CPU_NANOS = "plainCpuNanos";
    private static final String NANOS = "nanos";
    private static final String CPU_NANOS = "cpuNanos";
    private static final String CONNECTIONS = "connections";

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--forks", paramLabel = "N", defaultValue = "8", description = "Of each; ${DEFAULT-VALUE}")
    private int forks;

    @Option(names = "--seconds", paramLabel = "N", defaultValue = "8", description = "Of each fork; ${DEFAULT-VALUE}")
    private int seconds;

    @Option(names = "--workers", paramLabel = "N", defaultValue = "1", description = "Event loops; ${DEFAULT-VALUE}")
    private int workers;

    @Option(names = "--in-turn-only", description = "Skip the forks with one server each.")
    private boolean inTurnOnly;

    @Option(
            names = "--limit",
            paramLabel = "RATIO",
            defaultValue = "0.98",
            description = "Exit with status 1 below it; ${DEFAULT-VALUE}")
    private double limit;

    /** One kind of server, apart from the other. */
    private static final class Apart {
        final ServerKind kind;
        final ListStatistics iterations = new ListStatistics();
        final Samples forks = new Samples();

        Apart(ServerKind kind) {
            this.kind = kind;
        }
    }

    private final Apart plain = new Apart(ServerKind.PLAIN);
    private final Apart graceful = new Apart(ServerKind.GRACEFUL);
    private final Samples ratios = new Samples();
    private final Samples cpuRatios = new Samples();
    private final Samples plainCpu = new Samples();
    private final Samples gracefulCpu = new Samples();

    @Override
    public Integer call() throws RunnerException {
        print("accept: %d forks of each, worker loops: %d, load %s", forks, workers, MachineLoad.now());
        for (int fork = 0; fork < forks; fork++) {
            if (!inTurnOnly) {
                // Each kind goes first as often as the other.
                apart(fork % 2 == 0 ? plain : graceful);
                apart(fork % 2 == 0 ? graceful : plain);
                print(
                        "%3d  apart: plain %.0f/s, graceful %.0f/s, ratio %.3f",
                        fork,
                        plain.forks.get(fork),
                        graceful.forks.get(fork),
                        graceful.forks.get(fork) / plain.forks.get(fork));
            }
            inTurn();
            print("%3d  in turn: ratio %.3f, of processor time %.3f", fork, ratios.get(fork), cpuRatios.get(fork));
        }
        return report();
    }

    private void apart(Apart apart) throws RunnerException {
        Samples fork = new Samples();
        for (IterationResult iteration : run("alone", options -> options.param("server", apart.kind.name()))) {
            double perSecond = iteration.getPrimaryResult().getScore();
            apart.iterations.addValue(perSecond);
            fork.add(perSecond);
        }
        apart.forks.add(fork.median());
    }

    private void inTurn() throws RunnerException {
        Samples elapsed = new Samples();
        Samples cpu = new Samples();
        for (IterationResult iteration : run("inTurn", options -> options)) {
            double connections = score(iteration, CONNECTIONS);
            elapsed.add(score(iteration, PLAIN_NANOS) / score(iteration, NANOS));
            cpu.add(score(iteration, PLAIN_CPU_NANOS) / score(iteration, CPU_NANOS));
            plainCpu.add(score(iteration, PLAIN_CPU_NANOS) / connections);
            gracefulCpu.add(score(iteration, CPU_NANOS) / connections);
        }
        ratios.add(elapsed.median());
        cpuRatios.add(cpu.median());
    }

    private interface Settings {
        ChainedOptionsBuilder set(ChainedOptionsBuilder options);
    }

    /** One fork. Its iterations are short, so that a disturbance spoils few of them and the median is none the wiser. */
    private List<IterationResult> run(String method, Settings settings) throws RunnerException {
        var options = settings.set(new OptionsBuilder()
                .include(AcceptBenchmark.class.getName() + "\\." + method + "$")
                .param("workers", String.valueOf(workers))
                .forks(1)
                .warmupIterations(5)
                .warmupTime(TimeValue.seconds(1))
                .measurementIterations(4 * seconds)
                .measurementTime(TimeValue.milliseconds(250))
                .jvmArgsAppend("-Xms1g", "-Xmx1g", "-Dio.netty.leakDetection.level=disabled")
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT));
        return new ArrayList<>(new Runner(options.build())
                .run()
                .iterator()
                .next()
                .getBenchmarkResults()
                .iterator()
                .next()
                .getIterationResults());
    }

    private static double score(IterationResult iteration, String name) {
        return Objects.requireNonNull(iteration.getSecondaryResults().get(name), name)
                .getScore();
    }

    private int report() {
        if (!inTurnOnly) {
            reportApart();
        }
        print("in turn, processor time of the event loops in ns per connection:");
        print("  plain     %s", plainCpu.summary("%.0f"));
        print("  graceful  %s", gracefulCpu.summary("%.0f"));
        print("in turn, ratios of processor time: %s", cpuRatios.summary("%.3f"));
        print("in turn, ratios of throughput:     %s", ratios.summary("%.3f"));
        print("ratio in turn: %.3f (at least %.2f is required); load %s", ratios.median(), limit, MachineLoad.now());
        return ratios.median() >= limit ? 0 : 1;
    }

    private void reportApart() {
        for (Apart apart : List.of(plain, graceful)) {
            print(
                    "apart, %-8s  mean %.0f ± %.0f connections/s (99.9 %%); forks: %s",
                    apart.kind.name().toLowerCase(Locale.ROOT),
                    apart.iterations.getMean(),
                    apart.iterations.getMeanErrorAt(CONFIDENCE),
                    apart.forks.summary("%.0f"));
        }
        print(
                "apart, paired ratios: %s",
                graceful.forks.pairedRatios(plain.forks).summary("%.3f"));
        print("apart, ratio of medians: %.3f", graceful.forks.median() / plain.forks.median());
    }

    private void print(String format, Object... arguments) {
        PrintWriter out =
                Objects.requireNonNull(spec, "picocli sets it").commandLine().getOut();
        out.println(String.format(Locale.ROOT, format, arguments));
        out.flush();
    }
}
