// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.restart;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A server and its successors, which write to the same standard output: a named pipe, because Java stops reading from a
 * child's own pipe as soon as the child has exited. Not safe for use by several threads.
 */
final class ServerProcess implements AutoCloseable {
    private static final Pattern READY = Pattern.compile("READY pid=(\\d+) generation=(\\d+) .*");
    private static final long TIMEOUT_SECONDS = 60;

    /**
     * A process that said that it is ready.
     *
     * @param pid its process
     * @param generation which one it is
     * @param nanos when the line was read, as {@link System#nanoTime()}
     */
    record Ready(long pid, int generation, long nanos) {}

    private final BlockingQueue<Ready> ready = new LinkedBlockingQueue<>();
    private final Path output;
    private final Process process;
    private final long startedNanos;
    private long pid;

    /** Starts the first process. Its standard error is ours. */
    ServerProcess(List<String> command) throws IOException, InterruptedException {
        output = newPipe();
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectOutput(output.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        Thread reader = new Thread(this::readOutput, "server-output");
        reader.setDaemon(true);
        reader.start();
        startedNanos = System.nanoTime();
        process = builder.start();
        pid = process.pid();
    }

    private static Path newPipe() throws IOException, InterruptedException {
        Path pipe = Files.createTempDirectory("restart-bench").resolve("output");
        int status = new ProcessBuilder("mkfifo", pipe.toString())
                .inheritIO()
                .start()
                .waitFor();
        if (status != 0) {
            throw new IOException("mkfifo " + pipe + ": status " + status);
        }
        return pipe;
    }

    /** When the first process was started, as {@link System#nanoTime()}. */
    long startedNanos() {
        return startedNanos;
    }

    /** The process that was ready last, or the first one. */
    long pid() {
        return pid;
    }

    private void readOutput() {
        try (BufferedReader lines = Files.newBufferedReader(output)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                long now = System.nanoTime();
                Matcher matcher = READY.matcher(line);
                if (matcher.matches()) {
                    ready.add(new Ready(Long.parseLong(matcher.group(1)), Integer.parseInt(matcher.group(2)), now));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the next process to be ready. */
    Ready awaitReady() throws IOException, InterruptedException {
        @Nullable Ready next = ready.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        if (next == null) {
            throw new IOException("no READY line within " + TIMEOUT_SECONDS + " s");
        }
        pid = next.pid();
        return next;
    }

    /** Waits until a process is no more, or a zombie whose parent does not care. */
    static void awaitExit(long pid) throws IOException, InterruptedException {
        Path commandLine = Path.of("/proc/" + pid + "/cmdline");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (Files.exists(commandLine) && Files.readAllBytes(commandLine).length > 0) {
            if (System.nanoTime() > deadline) {
                throw new IOException("pid " + pid + " has not ended within " + TIMEOUT_SECONDS + " s");
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    /** Ends the process that was ready last. */
    @Override
    public void close() throws IOException, InterruptedException {
        process.destroyForcibly();
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        awaitExit(pid);
        Files.deleteIfExists(output);
        Files.delete(output.getParent());
    }
}
