// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.restart;

import io.github.gracefulnetty.benchmarks.MachineLoad;
import io.github.gracefulnetty.benchmarks.Samples;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
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
 * Measures an upgrade of the http example, from HUP to the READY line of the successor, against the start of the same
 * server without graceful-netty, from the start of its process to its READY line. Without load, alternately. Each
 * upgrade is the first one of its predecessor, which is the successor of the one before.
 */
@Command(
        name = "restart",
        description = "Time of an upgrade against that of a plain start.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class RestartBench implements Callable<Integer> {
    private static final String GRACEFUL = "io.github.gracefulnetty.examples.Main";
    private static final double MILLION = 1e6;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "21", description = "Of each; ${DEFAULT-VALUE}")
    private int runs;

    @Option(names = "--warm-up", paramLabel = "N", defaultValue = "3", description = "Not counted; ${DEFAULT-VALUE}")
    private int warmUp;

    @Option(
            names = "--rest",
            paramLabel = "MS",
            defaultValue = "300",
            description = "Pause before each measurement, in ms; ${DEFAULT-VALUE}")
    private int restMillis;

    @Option(
            names = "--init-delay",
            paramLabel = "MS",
            defaultValue = "0",
            description = "What both servers spend on initialising, in ms; ${DEFAULT-VALUE}")
    private int initDelayMillis;

    @Option(names = "--jvm", paramLabel = "FLAG", description = "JVM flag of both servers; may be repeated.")
    private List<String> jvmFlags = new ArrayList<>();

    @Option(
            names = "--limit",
            paramLabel = "RATIO",
            defaultValue = "1.10",
            description = "Exit with status 1 above it; ${DEFAULT-VALUE}")
    private double limit;

    private final Samples starts = new Samples();
    private final Samples upgrades = new Samples();

    @Override
    public Integer call() throws Exception {
        out().println("restart: load " + MachineLoad.now());
        try (SignalShell shell = new SignalShell();
                ServerProcess graceful = new ServerProcess(command(GRACEFUL))) {
            graceful.awaitReady();
            for (int run = -warmUp; run < runs; run++) {
                double start = plainStart();
                double upgrade = upgrade(graceful, shell);
                if (run >= 0) {
                    starts.add(start);
                    upgrades.add(upgrade);
                    print(
                            "%3d  plain start %7.1f ms  upgrade %7.1f ms  ratio %.3f",
                            run, start, upgrade, upgrade / start);
                }
            }
        }
        return report();
    }

    private double plainStart() throws IOException, InterruptedException {
        TimeUnit.MILLISECONDS.sleep(restMillis);
        try (ServerProcess plain = new ServerProcess(command(PlainHttpServer.class.getName()))) {
            double millis = (plain.awaitReady().nanos() - plain.startedNanos()) / MILLION;
            TimeUnit.MILLISECONDS.sleep(restMillis);
            return millis;
        }
    }

    private double upgrade(ServerProcess server, SignalShell shell) throws IOException, InterruptedException {
        TimeUnit.MILLISECONDS.sleep(restMillis);
        long predecessor = server.pid();
        long begun = System.nanoTime();
        shell.send("HUP", predecessor);
        double millis = (server.awaitReady().nanos() - begun) / MILLION;
        ServerProcess.awaitExit(predecessor);
        return millis;
    }

    private List<String> command(String mainClass) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmFlags);
        command.add("-cp");
        command.add(absoluteClassPath());
        command.add(mainClass);
        command.addAll(List.of("http", "--host", "127.0.0.1", "--port", String.valueOf(freePort())));
        command.addAll(List.of("--init-delay", initDelayMillis / 1000.0 + "s"));
        return command;
    }

    private static String absoluteClassPath() {
        List<String> entries = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            entries.add(Path.of(entry).toAbsolutePath().toString());
        }
        return String.join(File.pathSeparator, entries);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private int report() {
        Samples ratios = upgrades.pairedRatios(starts);
        // The delay is the same in both and says nothing about the upgrade.
        double ratio = (upgrades.median() - initDelayMillis) / (starts.median() - initDelayMillis);
        print("plain start, ms:  %s", starts.summary("%.1f"));
        print("upgrade, ms:      %s", upgrades.summary("%.1f"));
        print("paired ratios:    %s", ratios.summary("%.3f"));
        print(
                "ratio of medians, without the initialisation delay of %d ms: %.3f (at most %.2f is required)",
                initDelayMillis, ratio, limit);
        out().println("load " + MachineLoad.now());
        return ratio <= limit ? 0 : 1;
    }

    private void print(String format, Object... arguments) {
        out().println(String.format(Locale.ROOT, format, arguments));
    }

    private PrintWriter out() {
        return Objects.requireNonNull(spec, "picocli sets it").commandLine().getOut();
    }
}
