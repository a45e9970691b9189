// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.restart;

import io.github.gracefulnetty.benchmarks.MachineLoad;
import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.Profile;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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
 * Measures what others feel while idle connections move: the latency of steady requests on the http example, without an
 * upgrade, during one that moves nothing, and during one that moves all idle connections. Each upgrade is measured from its
 * signal until two seconds after the successor was ready.
 */
@Command(
        name = "latency",
        description = "Latency of steady requests while other connections move.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class LatencyBench implements Callable<Integer> {
    private static final int CLIENTS = 100;
    private static final long AFTERWARDS_SECONDS = 2;
    private static final long CALM_SECONDS = 3;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--connections", paramLabel = "N", defaultValue = "9000", description = "Idle; ${DEFAULT-VALUE}")
    private int connections;

    @Option(names = "--rate", paramLabel = "N", defaultValue = "2000", description = "Requests/s; ${DEFAULT-VALUE}")
    private int rate;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "3", description = "${DEFAULT-VALUE}")
    private int runs;

    @Option(names = "--jvm", paramLabel = "FLAG", description = "JVM flag of the servers; may be repeated.")
    private List<String> jvmFlags = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        print("latency: %d requests/s, %d idle connections, load %s", rate, connections, MachineLoad.now());
        print("p99 in ms       calm   start (ratio)    move (ratio)   move/start");
        boolean clean = true;
        for (int run = 1; run <= runs; run++) {
            Measured start = measure("--no-migrate");
            Measured move = measure();
            double calm = (start.calm + move.calm) / 2;
            print(
                    "%3d         %8.2f %8.2f (%4.1f) %8.2f (%4.1f) %8.1f",
                    run,
                    calm,
                    start.upgrade,
                    start.upgrade / start.calm,
                    move.upgrade,
                    move.upgrade / move.calm,
                    move.upgrade / start.upgrade);
            clean &= start.clean && move.clean;
        }
        return clean ? 0 : 1;
    }

    /** One server and one upgrade; the p99 before and during it, in milliseconds. */
    private record Measured(double calm, double upgrade, boolean clean) {}

    private Measured measure(String... options) throws IOException, InterruptedException {
        int port = IdleConnections.freePort();
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", port);
        try (SignalShell shell = new SignalShell();
                ServerProcess server = new ServerProcess(command(port, options))) {
            server.awaitReady();
            try (IdleConnections idle = new IdleConnections(port, connections)) {
                idle.ask();
                load(address).close(); // warms both up
                LoadResult calm;
                try (StrictClient client = load(address)) {
                    TimeUnit.SECONDS.sleep(CALM_SECONDS);
                    calm = client.stop();
                }
                long predecessor = server.pid();
                try (StrictClient client = load(address)) {
                    shell.send("HUP", predecessor);
                    server.awaitReady();
                    TimeUnit.SECONDS.sleep(AFTERWARDS_SECONDS);
                    LoadResult upgrade = client.stop();
                    ProcessHandle.of(predecessor).ifPresent(ProcessHandle::destroyForcibly);
                    return new Measured(calm.latency().p99(), upgrade.latency().p99(), upgrade.clean());
                }
            }
        }
    }

    private StrictClient load(InetSocketAddress address) throws InterruptedException {
        StrictClient client =
                StrictClient.builder().address(address).profile(profile()).start();
        TimeUnit.SECONDS.sleep(1);
        return client;
    }

    private Profile profile() {
        return Profile.paced(CLIENTS, Duration.ofNanos(TimeUnit.SECONDS.toNanos(CLIENTS) / rate));
    }

    private List<String> command(int port, String... options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmFlags);
        command.addAll(List.of(
                "-Dgracefulnetty.probation=0s",
                "-cp",
                System.getProperty("java.class.path"),
                "io.github.gracefulnetty.examples.Main",
                "http",
                "--host",
                "127.0.0.1",
                "--port",
                Integer.toString(port)));
        command.addAll(List.of(options));
        return command;
    }

    private void print(String format, Object... values) {
        PrintWriter out =
                Objects.requireNonNull(spec, "picocli sets it").commandLine().getOut();
        out.println(String.format(Locale.ROOT, format, values));
        out.flush();
    }
}
