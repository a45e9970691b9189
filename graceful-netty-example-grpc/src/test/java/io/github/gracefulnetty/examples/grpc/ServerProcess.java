// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.grpc;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** A server that a test started, and its successors: all carry a mark in their environment, and are killed at the end. */
final class ServerProcess implements AutoCloseable {
    private static final String MARK = "GRACEFUL_NETTY_GRPC_TEST";
    private static final Pattern DRAINED =
            Pattern.compile("drained (\\d+) connections in (\\d+) ms, (\\d+) of them closed by force");

    private final String mark = UUID.randomUUID().toString();
    private final Path output;
    private final Process process;

    private ServerProcess(List<String> program, String... arguments) {
        List<String> command = new ArrayList<>(List.of("env", "--default-signal=HUP,INT,TERM"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dio.netty.leakDetection.level=advanced"));
        command.addAll(program);
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put(MARK, mark);
        try {
            output = Files.createTempFile("graceful-grpc-", ".log");
            process = builder.redirectInput(new File("/dev/null"))
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The example, from its jar, as a user starts it. */
    static ServerProcess example(String... arguments) {
        return new ServerProcess(List.of("-jar", jar()), arguments);
    }

    /** A main class of the tests. */
    static ServerProcess main(Class<?> main, String... arguments) {
        return new ServerProcess(
                List.of("-cp", jar() + ":" + Path.of("target/test-classes").toAbsolutePath(), main.getName()),
                arguments);
    }

    private static String jar() {
        return Path.of("target/graceful-netty-example-grpc.jar")
                .toAbsolutePath()
                .toString();
    }

    static void await(String what, Callable<Boolean> condition) {
        Awaitility.await(what)
                .atMost(Duration.ofSeconds(90))
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(20))
                .until(condition);
    }

    String text() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until that generation serves; its pid and address. */
    Ready awaitReady(int generation) {
        Pattern ready = Pattern.compile("READY pid=(\\d+) generation=" + generation + " address=(\\S+)\n");
        await("generation " + generation, () -> {
            if (!ready.matcher(text()).find() && !process.isAlive() && alive().isEmpty()) {
                throw new AssertionError("no process is left:\n" + text());
            }
            return ready.matcher(text()).find();
        });
        MatchResult line = ready.matcher(text()).results().findFirst().orElseThrow();
        return new Ready(Long.parseLong(line.group(1)), line.group(2));
    }

    /** For each drain that is over the milliseconds that it took and the connections that were closed by force. */
    List<Drained> drained() {
        return DRAINED.matcher(text())
                .results()
                .map(line -> new Drained(Integer.parseInt(line.group(2)), Integer.parseInt(line.group(3))))
                .toList();
    }

    int awaitExit() {
        await("exit of " + process.pid(), () -> !process.isAlive());
        return process.exitValue();
    }

    /** Those of this test that run. */
    List<ProcessHandle> alive() {
        return ProcessHandle.allProcesses()
                .filter(each -> environment(each).contains(MARK + "=" + mark + "\0"))
                .toList();
    }

    private static String environment(ProcessHandle process) {
        try {
            return new String(
                    Files.readAllBytes(Path.of("/proc/" + process.pid() + "/environ")), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return ""; // it has ended, or is another user's
        }
    }

    static void signal(String name, long pid) {
        try {
            int status = new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (status != 0) {
                throw new AssertionError("kill -" + name + " " + pid + ": status " + status);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        await("end of all that this test started", () -> {
            List<ProcessHandle> left = alive();
            left.forEach(ProcessHandle::destroyForcibly);
            return left.isEmpty();
        });
    }

    record Ready(long pid, String address) {}

    record Drained(int millis, int forced) {}
}
