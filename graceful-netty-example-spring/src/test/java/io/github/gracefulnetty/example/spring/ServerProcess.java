// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.example.spring;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** A server in a JVM of its own, with the successors that it starts: they write to the same pipe, which ends with them. */
final class ServerProcess implements AutoCloseable {
    private static final Pattern READY = Pattern.compile("READY pid=(\\d+) generation=(\\d+) port=(\\d+)");

    private final Process process;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Set<Long> pids = ConcurrentHashMap.newKeySet();

    private ServerProcess(Process process) {
        this.process = process;
        pids.add(process.pid());
        Thread reader = new Thread(this::read, "output of " + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    static ServerProcess start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of(arguments));
        return new ServerProcess(
                new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    private void read() {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
                Matcher ready = READY.matcher(line);
                if (ready.find()) {
                    pids.add(Long.parseLong(ready.group(1)));
                }
            }
        } catch (IOException e) {
            lines.add(e.toString());
        }
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
                .until(() -> lines.stream().anyMatch(line -> isReady(line, generation)));
        return lines.stream()
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
        return String.join("\n", lines);
    }

    static org.awaitility.core.ConditionFactory await(String what) {
        return Awaitility.await(what).atMost(Duration.ofSeconds(90)).pollInterval(Duration.ofMillis(25));
    }

    @Override
    public void close() throws InterruptedException {
        process.destroyForcibly();
        // A successor that is not ready yet is a descendant of nobody any more when its predecessor is gone: by its
        // output.
        pids.forEach(pid -> ProcessHandle.of(pid).ifPresent(handle -> {
            handle.descendants().forEach(ProcessHandle::destroyForcibly);
            handle.destroyForcibly();
        }));
        process.waitFor(60, TimeUnit.SECONDS);
    }

    @Override
    public String toString() {
        return "process " + process.pid() + ":\n" + output();
    }
}
