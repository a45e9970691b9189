// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.vertx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** The example server as a user starts it, with its successors, which write to the same file. */
final class ServerProcess implements AutoCloseable {
    private static final Pattern READY = Pattern.compile("READY pid=(\\d+) generation=(\\d+) address=(.*):(\\d+)");
    private static final String PASSWORD = "changeit";

    private final Path output;
    private final Process process;
    private int generation;

    private ServerProcess(Path output, Process process, int generation) {
        this.output = output;
        this.process = process;
        this.generation = generation;
    }

    /** Starts it; its first process will be {@code generation}. */
    static ServerProcess start(Path directory, int generation, String... options) {
        return start(directory, generation, List.of("-jar", jar().toString()), options);
    }

    /** Starts a class of the tests with what is in the example's jar. */
    static ServerProcess startMain(Path directory, Class<?> main, String... options) {
        String classPath = jar() + File.pathSeparator + testClasses();
        return start(directory, 1, List.of("-cp", classPath, main.getName()), options);
    }

    private static ServerProcess start(Path directory, int generation, List<String> program, String... options) {
        Path output = directory.resolve("server-" + generation + ".log");
        List<String> command = new ArrayList<>(List.of(
                "env",
                "--default-signal=HUP,INT,TERM",
                javaHome("java"),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UseDynamicNumberOfCompilerThreads",
                "-Dio.netty.leakDetection.level=advanced",
                "-Djava.io.tmpdir=" + directory));
        command.addAll(program);
        command.addAll(List.of("--host", "127.0.0.1"));
        command.addAll(List.of(options));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(output.toFile());
        builder.environment().put("KEYSTORE_PASSWORD", PASSWORD);
        try {
            return new ServerProcess(output, builder.start(), generation);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path jar() {
        return testClasses().resolveSibling("graceful-netty-example-vertx.jar");
    }

    private static Path testClasses() {
        try {
            return Path.of(ServerProcess.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static String javaHome(String program) {
        return Path.of(System.getProperty("java.home"), "bin", program).toString();
    }

    /** A key store with a new key, for {@code --keystore}. */
    static String keystore(Path directory) throws Exception {
        Path keystore = directory.resolve("key.p12");
        Process keytool = new ProcessBuilder(
                        javaHome("keytool"),
                        "-genkeypair",
                        "-alias",
                        "server",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        PASSWORD,
                        "-keystore",
                        keystore.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("keytool.log").toFile())
                .start();
        assertThat(keytool.waitFor()).isZero();
        return keystore.toString();
    }

    /** Waits until the newest generation says that it serves so many addresses. */
    List<InetSocketAddress> awaitReady(int addresses) {
        until("READY of generation " + generation, () -> {
            boolean ready = ready().size() >= addresses;
            if (!ready && !process.isAlive() && generation == 1) {
                throw new AssertionError("no process is left\n" + log());
            }
            return ready;
        });
        return ready().stream()
                .map(line -> new InetSocketAddress(line.group(3), Integer.parseInt(line.group(4))))
                .toList();
    }

    /** Replaces the newest generation, and waits until its successor serves. */
    void upgrade(int addresses) {
        signal("HUP");
        generation++;
        awaitReady(addresses);
    }

    int generation() {
        return generation;
    }

    private List<MatchResult> ready() {
        return readyLines()
                .filter(line -> line.group(2).equals(Integer.toString(generation)))
                .toList();
    }

    private Stream<MatchResult> readyLines() {
        return READY.matcher(log()).results();
    }

    private void signal(String name) {
        try {
            String pid = ready().get(0).group(1);
            assertThat(new ProcessBuilder("kill", "-" + name, pid)
                            .inheritIO()
                            .start()
                            .waitFor())
                    .isZero();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Everything that it and its successors have written. */
    String log() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until none of its generations but the newest is left, each of which ended without harm to a connection. */
    void awaitOnlyNewest() {
        until(
                "only the newest generation is left",
                () -> pids().filter(ServerProcess::isAlive).count() == 1);
        assertThat(log()).doesNotContainPattern("[1-9]\\d* of them closed by force");
    }

    /** Waits until the first process has ended, and returns its status. */
    int awaitExit() {
        until("exit of " + process.pid(), () -> !process.isAlive());
        return process.exitValue();
    }

    private Stream<Long> pids() {
        return readyLines().map(line -> Long.valueOf(line.group(1))).distinct();
    }

    private static boolean isAlive(long pid) {
        return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }

    /** Tells the newest generation to stop, and waits until all have ended; none may have written a stack trace. */
    void stop() {
        signal("TERM");
        until("end of all generations", () -> pids().noneMatch(ServerProcess::isAlive));
        assertThat(log()).doesNotContainPattern("(?m)^\\s+at [\\w.$/]+\\(").doesNotContain("LEAK:");
    }

    /** Kills what is left. */
    @Override
    public void close() {
        Stream.concat(
                        Stream.concat(process.descendants(), Stream.of(process.toHandle())),
                        pids().flatMap(pid -> ProcessHandle.of(pid).stream()
                                .flatMap(handle -> Stream.concat(handle.descendants(), Stream.of(handle)))))
                .toList()
                .forEach(ProcessHandle::destroyForcibly);
    }

    /** Waits for a condition; the limit only ends what would never end. */
    static void until(String what, Callable<Boolean> condition) {
        Awaitility.await(what)
                .atMost(Duration.ofSeconds(90))
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(25))
                .until(condition);
    }
}
