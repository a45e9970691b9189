// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.restart;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.gracefulnetty.benchmarks.ChildJvm;
import io.github.gracefulnetty.benchmarks.MachineLoad;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
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
    private static final int LIMIT_MILLIS = 60_000;

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

    @Option(names = "--warm", description = "Between two JVMs that have done it before.")
    private boolean warm;

    @Option(names = "--jvm", paramLabel = "FLAG", description = "JVM flag of the servers; may be repeated.")
    private List<String> jvmFlags = new ArrayList<>();

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
        int port = freePort();
        Path directory = Files.createTempDirectory("migration");
        Path path = directory.resolve("handoff");
        List<Socket> sockets = new ArrayList<>();
        List<ChildJvm> children = new ArrayList<>();
        double[] rates = new double[runs];
        boolean all = true;
        try {
            ChildJvm predecessor = start(children, path, port);
            ChildJvm other = warm ? start(children, path, port) : null;
            serve(predecessor);
            connect(sockets, connections, port);
            ask(sockets);
            for (int run = 0; run < runs; run++) {
                ChildJvm successor = other == null ? start(children, path, port) : other;
                other = warm ? predecessor : null;
                rates[run] = upgrade(run, predecessor, successor, sockets);
                all &= rates[run] > 0;
                if (!warm) {
                    children.remove(predecessor);
                    predecessor.close();
                }
                predecessor = successor;
            }
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
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
        ChildJvm child = new ChildJvm(MigratingServer.class, jvmFlags, path, port);
        children.add(child);
        return child;
    }

    private static int serve(ChildJvm server) throws IOException {
        server.say(MigratingServer.SERVE);
        return Integer.parseInt(server.after(MigratingServer.READY));
    }

    /** Connections per second; 0 if not all of them are answered by the successor. */
    private double upgrade(int run, ChildJvm predecessor, ChildJvm successor, List<Socket> sockets) throws Exception {
        TimeUnit.SECONDS.sleep(1);
        long before = predecessor.memory();
        int generation = serve(successor);
        String[] moved = predecessor.after(MigratingServer.MOVED).split(" ", 0);
        double seconds = Long.parseLong(moved[1]) / 1e9;
        double rate = sockets.size() / seconds;
        long after = successor.memory();
        long answered =
                ask(sockets).stream().filter(answer -> answer == generation).count();
        print(
                "%3d  %.3f s  %7.0f connections/s  predecessor %d MiB, successor %d MiB  %d of %d answered by the successor",
                run + 1, seconds, rate, before, after, answered, sockets.size());
        return answered == sockets.size() && Integer.parseInt(moved[0]) == answered ? rate : 0;
    }

    private static void connect(List<Socket> sockets, int connections, int port) throws IOException {
        for (int i = 0; i < connections; i++) {
            Socket socket = new Socket();
            sockets.add(socket);
            socket.setSoTimeout(LIMIT_MILLIS);
            socket.connect(new InetSocketAddress("127.0.0.1", port), LIMIT_MILLIS);
        }
    }

    /** Which generation answers on each; 0 where nobody does. */
    private static List<Integer> ask(List<Socket> sockets) throws IOException {
        for (Socket socket : sockets) {
            socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII));
        }
        List<Integer> generations = new ArrayList<>();
        for (Socket socket : sockets) {
            StringBuilder text = new StringBuilder();
            InputStream in = socket.getInputStream();
            int body = -1;
            while (body < 0 || text.indexOf("\n", body + 4) < 0) {
                int next = in.read();
                if (next < 0) {
                    break;
                }
                text.append((char) next);
                body = body < 0 ? text.indexOf("\r\n\r\n") : body;
            }
            String[] answer = body < 0
                    ? new String[] {"", "0"}
                    : text.substring(body + 4).trim().split(" ", 0);
            generations.add(Integer.parseInt(answer[1]));
        }
        return generations;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private void print(String format, Object... values) {
        PrintWriter out =
                Objects.requireNonNull(spec, "picocli sets it").commandLine().getOut();
        out.println(String.format(Locale.ROOT, format, values));
        out.flush();
    }
}
