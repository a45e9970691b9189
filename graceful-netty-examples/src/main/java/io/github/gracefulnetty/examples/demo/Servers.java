// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The server processes: those that the demo starts and those that they start themselves, which write to the same log.
 * It is a file because a pipe would not outlive the process that was started: {@link Process} closes its end then.
 * Thread-safe, except that only one thread may wait for readiness.
 */
final class Servers implements AutoCloseable {

    private static final Duration READY_LIMIT = Duration.ofSeconds(30);
    private static final Duration END_LIMIT = Duration.ofSeconds(5);
    private static final long POLL_MILLIS = 20;

    private final Path directory;
    private final Path log;
    private final LogTail tail;
    private final List<String> command;
    private final Queue<Ready> readies = new ArrayDeque<>();
    private final Map<Long, String> exits = new LinkedHashMap<>();
    private final Map<Long, ProcessHandle> known = new LinkedHashMap<>();
    private boolean closed;

    /**
     * Starts nothing yet.
     *
     * @param jar whose {@code http} command is the server
     * @param log a file for the output of the servers, which is replaced
     */
    Servers(Path jar, Path log) throws IOException {
        this.log = log;
        Files.deleteIfExists(log);
        tail = new LogTail(Files.createFile(log));
        directory = Files.createTempDirectory("graceful-demo");
        command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // what a short life on two cores calls for
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-jar",
                jar.toString(),
                "http",
                "--port",
                "0",
                "--handoff",
                directory.resolve("handoff.sock").toString(),
                "--drain-timeout",
                "10s");
    }

    /** Starts a process with {@code more} arguments. */
    synchronized Process start(String... more) throws IOException {
        if (closed) {
            throw new IOException("the demo is ending");
        }
        List<String> full = new ArrayList<>(command);
        full.addAll(List.of(more));
        Process process = new ProcessBuilder(full)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        known.put(process.pid(), process.toHandle());
        return process;
    }

    /**
     * Waits for the next process to be ready.
     *
     * @throws UnmetExpectation when {@code starter}, which is or starts that process, ends before, or the time is up
     */
    Ready awaitReady(ProcessHandle starter) throws IOException, InterruptedException, UnmetExpectation {
        long deadline = System.nanoTime() + READY_LIMIT.toNanos();
        while (System.nanoTime() < deadline) {
            boolean alive = starter.isAlive();
            read();
            Ready ready = readies.poll();
            if (ready != null) {
                remember(ready.pid());
                return ready;
            }
            if (!alive) {
                throw new UnmetExpectation("process " + starter.pid() + " ended before its successor was ready");
            }
            Thread.sleep(POLL_MILLIS);
        }
        throw new UnmetExpectation("no process was ready within " + READY_LIMIT.toSeconds() + " s");
    }

    private void read() throws IOException {
        for (String line : tail.newLines()) {
            Ready.parse(line).ifPresent(readies::add);
            Exit.parse(line).ifPresent(exit -> exits.put(exit.pid(), exit.connections()));
        }
    }

    /** What became of the connections of the processes that have ended so far, by pid. */
    Map<Long, String> exits() throws IOException {
        read();
        return Map.copyOf(exits);
    }

    private synchronized void remember(long pid) {
        ProcessHandle.of(pid).ifPresent(handle -> known.putIfAbsent(pid, handle));
    }

    /** A process that was started or said that it was ready; it may have ended since. */
    synchronized ProcessHandle find(long pid) throws UnmetExpectation {
        ProcessHandle found = known.get(pid);
        if (found == null) {
            throw new UnmetExpectation("there is no process " + pid);
        }
        return found;
    }

    /** Sends HUP. */
    static void hangUp(long pid) throws IOException, InterruptedException, UnmetExpectation {
        // the shell's own kill: there need not be another
        Process kill =
                new ProcessBuilder("sh", "-c", "kill -HUP " + pid).inheritIO().start();
        if (kill.waitFor() != 0) {
            throw new UnmetExpectation("cannot send HUP to process " + pid);
        }
    }

    /** Kills whatever is left and removes its files, but not the log. Nothing can be started afterwards. */
    @Override
    public synchronized void close() {
        closed = true;
        List<ProcessHandle> left = known.values().stream()
                .filter(ProcessHandle::isAlive)
                .flatMap(each -> Stream.concat(Stream.of(each), each.descendants()))
                .distinct()
                .toList();
        left.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle each : left) {
            each.onExit()
                    .completeOnTimeout(each, END_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
        }
        try (tail) {
            delete();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void delete() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (NoSuchFileException e) {
            // closed before
        }
    }
}
