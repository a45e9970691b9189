// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.activation.Activation;
import io.github.gracefulnetty.internal.process.ChildProcess;
import io.github.gracefulnetty.internal.process.CommandLine;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.wire.Token;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A process that this one started to be its successor. Reaped when it exits, ended when the upgrade fails. */
final class SuccessorProcess {
    /** How long a process that hung up, or was asked to end, may take to exit. */
    static final long EXIT_MILLIS = 2_000;

    /** The child, the thread that waits for it, and as many again: those that tried may not quite be gone. */
    private static final int LEAST_ROOM = 4;

    private final Process process;
    private volatile boolean watched = true;

    private SuccessorProcess(Process process) {
        this.process = process;
    }

    /**
     * Starts it in the same directory, with the same environment without the activation variables, and the same
     * standard streams.
     *
     * @param command {@code null} for this process's own command line
     * @throws IOException if it cannot be started
     */
    static SuccessorProcess start(@Nullable List<String> command, PredecessorTicket ticket) throws IOException {
        try {
            ProcessBuilder builder = builder(command);
            ticket.putInto(builder.environment());
            checkRoom();
            return new SuccessorProcess(ChildProcess.start(builder));
        } catch (OutOfMemoryError e) {
            throw noRoom(e);
        } catch (IOException e) {
            throw mayOpenMore()
                    ? e
                    : new IOException("this process may have no more descriptors open, see ulimit -n", e);
        }
    }

    private static boolean mayOpenMore() {
        try {
            Files.newInputStream(Path.of("/dev/null")).close();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Without a thread that waits for it, a child would run, and never be reaped: so there has to be room for both. */
    private static void checkRoom() throws IOException {
        CountDownLatch tried = new CountDownLatch(1);
        try {
            for (int i = 0; i < LEAST_ROOM; i++) {
                Thread thread = new Thread(() -> awaitEnd(tried), "graceful-netty-room");
                thread.setDaemon(true);
                thread.start();
            }
        } catch (OutOfMemoryError e) {
            throw noRoom(e);
        } finally {
            tried.countDown();
        }
    }

    private static void awaitEnd(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static IOException noRoom(OutOfMemoryError cause) {
        return new IOException(
                "this user may have no more processes and threads (ulimit -u), or there is no memory for them", cause);
    }

    private static ProcessBuilder builder(@Nullable List<String> command) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command == null ? CommandLine.ofThisProcess().toCommand() : command).inheritIO();
        Activation.removeFrom(builder.environment());
        return builder;
    }

    /** Everything but the start, to have it loaded. */
    static void rehearse(@Nullable List<String> command) throws IOException {
        builder(command);
        checkRoom();
        Token.random();
    }

    long pid() {
        return process.pid();
    }

    /** Tells, on some thread and in words, how the process ended, until it is disowned. */
    void onExit(Consumer<String> action) {
        process.onExit().thenAccept(ended -> {
            if (watched) {
                int status = ended.exitValue();
                // What Java reports of a process that a signal killed
                action.accept(status > 128 ? "was killed by signal " + (status - 128) : "exited with status " + status);
            }
        });
    }

    /** It serves: it lives its own life from now on. */
    void disown() {
        watched = false;
    }

    /** Asks it to end, then ends it. Completes when it has been reaped, on some thread. */
    CompletableFuture<Process> end(ControlLoop control) {
        watched = false;
        process.destroy();
        ScheduledFuture<?> force = control.schedule(() -> process.destroyForcibly(), Duration.ofMillis(EXIT_MILLIS));
        return process.onExit().whenComplete((ended, failure) -> force.cancel(false));
    }
}
