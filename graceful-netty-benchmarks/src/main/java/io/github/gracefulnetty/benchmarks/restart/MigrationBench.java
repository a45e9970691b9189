// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.restart;

import io.github.gracefulnetty.benchmarks.ChildJvm;
import io.github.gracefulnetty.benchmarks.MachineLoad;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Measures how fast idle keep-alive connections move, as the predecessor sees it: from the moment when its successor serves
 * until the last one is the successor's. Then asks on each connection who answers. Each successor is a JVM that has just
 * been started, as in life, and its upgrade is the first one of its predecessor; or, with {@code --warm}, two JVMs take over
 * from each other.
 */
@Command(
        name = "migration",
        description = "Connections per second that move to a successor.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class MigrationBench implements Callable<Integer> {
    private static final int WARM_UP = 20;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "9000",
            split = ",",
            description = "How many, may be a list; ${DEFAULT-VALUE}")
    private List<Integer> numbers = new ArrayList<>();

    @Option(names = "--runs", paramLabel = "N", defaultValue = "5", description = "Upgrades; ${DEFAULT-VALUE}")
    private int runs;

    @Option(names = "--warm", description = "Between two JVMs, after " + WARM_UP + " upgrades that do not count.")
    private boolean warm;

    @Option(names = "--bare", description = "Move them without graceful-netty, as a baseline.")
    private boolean bare;

    @Option(names = "--jvm", paramLabel = "FLAG", description = "JVM flag of the servers; may be repeated.")
    private List<String> jvmFlags = new ArrayList<>();

    private int started;

    @Override
    public Integer call() throws Exception {
        boolean all = true;
        for (int connections : numbers) {
            print("migration: %d connections, load %s", connections, MachineLoad.now());
            all &= measure(connections);
        }
        return all ? 0 : 1;
    }

    private boolean measure(int connections) throws Exception {
        int port = IdleConnections.freePort();
        Path directory = Files.createTempDirectory("migration");
        Path path = directory.resolve("handoff");
        List<ChildJvm> children = new ArrayList<>();
        double[] rates = new double[runs];
        boolean all = true;
        try {
            ChildJvm predecessor = start(children, path, port);
            ChildJvm other = warm ? start(children, path, port) : null;
            serve(predecessor);
            try (IdleConnections idle = new IdleConnections(port, connections)) {
                idle.ask();
                for (int run = warm ? -WARM_UP : 0; run < runs; run++) {
                    ChildJvm successor = other == null ? start(children, path, port) : other;
                    other = warm ? predecessor : null;
                    double rate = upgrade(run, predecessor, successor, idle, connections);
                    all &= rate > 0;
                    if (run >= 0) {
                        rates[run] = rate;
                    }
                    if (!warm) {
                        children.remove(predecessor);
                        predecessor.close();
                    }
                    predecessor = successor;
                }
            }
        } finally {
            for (ChildJvm child : children) {
                child.close();
            }
            Files.deleteIfExists(path);
            Files.delete(directory);
        }
        Arrays.sort(rates);
        print("median %.0f connections/s, best %.0f", rates[runs / 2], rates[runs - 1]);
        return all;
    }

    private ChildJvm start(List<ChildJvm> children, Path path, int port) throws IOException {
        Class<?> server = bare ? BareMover.class : MigratingServer.class;
        ChildJvm child = new ChildJvm(server, jvmFlags, path, port, ++started);
        children.add(child);
        return child;
    }

    private static int serve(ChildJvm server) throws IOException {
        server.say(MigratingServer.SERVE);
        return Integer.parseInt(server.after(MigratingServer.READY));
    }

    /** Connections per second; 0 if not all of them are answered by the successor. */
    private double upgrade(int run, ChildJvm predecessor, ChildJvm successor, IdleConnections idle, int connections)
            throws Exception {
        TimeUnit.SECONDS.sleep(1);
        long before = predecessor.memory();
        int generation = serve(successor);
        String[] moved = predecessor.after(MigratingServer.MOVED).split(" ", 0);
        double seconds = Long.parseLong(moved[1]) / 1e9;
        double rate = connections / seconds;
        long after = successor.memory();
        long answered =
                idle.ask().stream().filter(answer -> answer == generation).count();
        print(
                "%3d  %.3f s  %7.0f connections/s  predecessor %d MiB, successor %d MiB  %d of %d answered by the successor",
                run + 1, seconds, rate, before, after, answered, connections);
        return answered == connections && Integer.parseInt(moved[0]) == answered ? rate : 0;
    }

    private void print(String format, Object... values) {
        PrintWriter out =
                Objects.requireNonNull(spec, "picocli sets it").commandLine().getOut();
        out.println(String.format(Locale.ROOT, format, values));
        out.flush();
    }
}
