// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.restart;

import static java.nio.charset.StandardCharsets.US_ASCII;

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
 * Measures how fast idle keep-alive connections of the http example move, from the READY line of the successor until the
 * predecessor has exited, which it does when it has none left. Then asks on each connection who answers. Each upgrade is
 * the first one of its predecessor: both JVMs are as cold as in life.
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

    @Option(names = "--connections", paramLabel = "N", defaultValue = "9000", description = "${DEFAULT-VALUE}")
    private int connections;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "5", description = "Upgrades; ${DEFAULT-VALUE}")
    private int runs;

    @Option(names = "--jvm", paramLabel = "FLAG", description = "JVM flag of the servers; may be repeated.")
    private List<String> jvmFlags = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        print("migration: %d connections, load %s", connections, MachineLoad.now());
        int port = freePort();
        List<Socket> sockets = new ArrayList<>();
        boolean all = true;
        try (SignalShell shell = new SignalShell();
                ServerProcess server = new ServerProcess(command(port))) {
            server.awaitReady();
            for (int i = 0; i < connections; i++) {
                Socket socket = new Socket();
                socket.setSoTimeout(LIMIT_MILLIS);
                socket.connect(new InetSocketAddress("127.0.0.1", port), LIMIT_MILLIS);
                sockets.add(socket);
            }
            ask(sockets);
            for (int run = 1; run <= runs; run++) {
                all &= upgrade(run, server, shell, sockets);
            }
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        return all ? 0 : 1;
    }

    private boolean upgrade(int run, ServerProcess server, SignalShell shell, List<Socket> sockets)
            throws IOException, InterruptedException {
        TimeUnit.SECONDS.sleep(1);
        long predecessor = server.pid();
        String memory = memory(predecessor);
        shell.send("HUP", predecessor);
        ServerProcess.Ready ready = server.awaitReady();
        ServerProcess.awaitExit(predecessor);
        double seconds = (System.nanoTime() - ready.nanos()) / 1e9;
        long answered = ask(sockets).stream().filter(pid -> pid == ready.pid()).count();
        print(
                "%3d  %.3f s  %7.0f connections/s  predecessor %s, successor %s  %d of %d answered by the successor",
                run, seconds, connections / seconds, memory, memory(ready.pid()), answered, connections);
        return answered == connections;
    }

    /** Who answers on each; 0 where nobody does. */
    private static List<Long> ask(List<Socket> sockets) throws IOException {
        for (Socket socket : sockets) {
            socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII));
        }
        List<Long> pids = new ArrayList<>();
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
            pids.add(body < 0 ? 0 : Long.parseLong(text.substring(body + 4).split(" ", 2)[0]));
        }
        return pids;
    }

    private static String memory(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .map(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024 + " MiB")
                .findFirst()
                .orElse("?");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private List<String> command(int port) {
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
        return command;
    }

    private void print(String format, Object... values) {
        PrintWriter out =
                Objects.requireNonNull(spec, "picocli sets it").commandLine().getOut();
        out.println(String.format(Locale.ROOT, format, values));
        out.flush();
    }
}
