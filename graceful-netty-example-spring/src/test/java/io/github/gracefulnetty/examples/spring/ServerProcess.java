// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.spring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** A server in a JVM of its own, with the successors that it starts: they write to the same file. (Java closes a pipe when
 * the process that it started ends, whoever else writes to it.) */
final class ServerProcess implements AutoCloseable {
    private static final Pattern READY = Pattern.compile("READY pid=(\\d+) generation=(\\d+) port=(\\d+)");

    private final Process process;
    private final Path file;

    private ServerProcess(Process process, Path file) {
        this.process = process;
        this.file = file;
    }

    static ServerProcess start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of(arguments));
        Path file = Files.createTempFile("server", ".out");
        return new ServerProcess(
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(file.toFile())
                        .start(),
                file);
    }

    private List<String> lines() {
        String text = output();
        return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    }

    /** What a server said when it was ready. */
    record Ready(long pid, int generation, int port) {
        void signal(String name) {
            try {
                new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                        .inheritIO()
                        .start()
                        .waitFor();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        boolean isAlive() {
            return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
        }

        void awaitEnd() {
            await("end of " + this).until(() -> !isAlive());
        }
    }

    Ready awaitReady(int generation) {
        await("generation " + generation + " in " + this)
                .until(() -> lines().stream().anyMatch(line -> isReady(line, generation)));
        return lines().stream()
                .filter(line -> isReady(line, generation))
                .map(READY::matcher)
                .filter(Matcher::find)
                .map(ready -> new Ready(Long.parseLong(ready.group(1)), generation, Integer.parseInt(ready.group(3))))
                .findFirst()
                .orElseThrow();
    }

    private static boolean isReady(String line, int generation) {
        Matcher ready = READY.matcher(line);
        return ready.find() && ready.group(2).equals(Integer.toString(generation));
    }

    /** The status of the process that was started first. */
    int awaitExit() {
        await("exit of " + process.pid()).until(() -> !process.isAlive());
        return process.exitValue();
    }

    /** Everything that was written so far. */
    String output() {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static org.awaitility.core.ConditionFactory await(String what) {
        return Awaitility.await(what).atMost(Duration.ofSeconds(90)).pollInterval(Duration.ofMillis(25));
    }

    @Override
    public void close() throws IOException, InterruptedException {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        for (String line : lines()) {
            Matcher ready = READY.matcher(line);
            if (ready.find()) {
                ProcessHandle.of(Long.parseLong(ready.group(1))).ifPresent(successor -> {
                    successor.descendants().forEach(ProcessHandle::destroyForcibly);
                    successor.destroyForcibly();
                });
            }
        }
        process.waitFor(60, TimeUnit.SECONDS);
        Files.delete(file);
    }

    @Override
    public String toString() {
        return "process " + process.pid() + ":\n" + output();
    }
}
