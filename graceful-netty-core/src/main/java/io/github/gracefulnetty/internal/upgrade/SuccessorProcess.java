// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.activation.Activation;
import io.github.gracefulnetty.internal.process.ChildProcess;
import io.github.gracefulnetty.internal.process.CommandLine;
import io.github.gracefulnetty.internal.process.Deployment;
import io.github.gracefulnetty.internal.process.FixedPorts;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.Reasons;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A process that this one started to be its successor. Reaped when it exits, ended when the upgrade fails. */
final class SuccessorProcess {
    /** How long a process that hung up or gave up, or was asked to end, may take to exit. */
    static final Duration EXIT = Duration.ofSeconds(2);

    /** How long it may take to exit when it was killed: longer only if the kernel cannot end it. */
    private static final Duration KILLED = Duration.ofSeconds(5);

    /** In all, before nobody waits for it any more. */
    static final Duration END = EXIT.plus(EXIT).plus(KILLED).plus(EXIT);

    /** The child, the thread that waits for it, and as many again: those that tried may not quite be gone. */
    private static final int LEAST_ROOM = 4;

    private final Process process;
    private final ProcessBuilder how;
    private volatile boolean watched = true;

    private SuccessorProcess(Process process, ProcessBuilder how) {
        this.process = process;
        this.how = how;
    }

    /**
     * Starts it in the same directory, with the same environment without the activation variables, and the same
     * standard streams.
     *
     * @param command {@code null} for this process's own command line
     * @throws IOException if it cannot be started
     */
    static SuccessorProcess start(@Nullable List<String> command, PredecessorTicket ticket, Deployment deployment)
            throws IOException {
        try {
            ProcessBuilder builder = new ProcessBuilder(
                            command == null ? CommandLine.ofThisProcess().toCommand() : command)
                    .inheritIO();
            Activation.removeFrom(builder.environment());
            ticket.putInto(builder.environment());
            deployment.putInto(builder.environment());
            checkRoom();
            return new SuccessorProcess(ChildProcess.start(builder), builder);
        } catch (OutOfMemoryError e) {
            throw noRoom(e);
        } catch (IOException e) {
            throw Deployment.explain(e);
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

    long pid() {
        return process.pid();
    }

    /** Why it may be that it has not connected and never will, as far as that can be seen from here; else empty. */
    String whyNotConnected() {
        List<Long> others = descendants().stream().map(ProcessHandle::pid).toList();
        if (!others.isEmpty()) {
            return "; it has started others, " + others
                    + ", but must turn into the successor itself: a script starts that with exec";
        }
        if (!process.isAlive() && process.exitValue() == 0) {
            return ": it must turn into the successor; a script starts that with exec, and not in the background";
        }
        List<String> fixedPorts = FixedPorts.in(how.command(), how.environment());
        if (!process.isAlive() && !fixedPorts.isEmpty()) {
            return "; two processes cannot have one port, and this one may hold that of " + String.join(" ", fixedPorts)
                    + ": use port 0, or an upgradeCommand with another";
        }
        return "";
    }

    /** What it has started. With no descriptor left Java cannot look, and throws: the process itself is ended all the same. */
    private List<ProcessHandle> descendants() {
        try {
            return process.descendants().toList();
        } catch (Throwable t) {
            LOGGER.warn("graceful-netty: cannot see what pid {} has started: {}", process.pid(), Reasons.of(t));
            return List.of();
        }
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

    /**
     * Ends it, and what it has started: asks, then kills.
     *
     * @param byItself whether it is about to exit: then it is asked only if it does not
     * @return completes, on some thread, when it has been reaped; or after some seconds, if the kernel cannot end it
     */
    CompletableFuture<Void> end(ControlLoop control, boolean byItself) {
        watched = false;
        Ending ending = new Ending(control);
        try {
            process.onExit().whenComplete(ending);
        } finally {
            if (byItself) {
                control.schedule(ending, EXIT);
            } else {
                ending.run();
            }
        }
        return ending.ended;
    }

    /** What is done one after the other until it has ended; with a name, as there may be no room to make a class for a lambda. */
    private final class Ending implements Runnable, BiConsumer<Process, @Nullable Throwable> {
        private final ControlLoop control;
        private final CompletableFuture<Void> ended = new CompletableFuture<>();
        private @Nullable List<ProcessHandle> others;
        private boolean killed;

        Ending(ControlLoop control) {
            this.control = control;
        }

        @Override
        public void accept(Process exited, @Nullable Throwable failure) {
            ended.complete(null);
        }

        @Override
        public void run() {
            if (others == null) {
                if (!ended.isDone()) {
                    ask();
                }
            } else if (killed) {
                ended.complete(null);
            } else {
                kill(others);
            }
        }

        private void ask() {
            // Before their parent ends: nobody knows whose they are then.
            List<ProcessHandle> started = descendants();
            others = started;
            try {
                for (ProcessHandle other : started) {
                    other.destroy();
                }
                process.destroy();
            } finally {
                control.schedule(this, EXIT);
            }
        }

        private void kill(List<ProcessHandle> started) {
            try {
                for (ProcessHandle other : started) {
                    other.destroyForcibly();
                }
            } finally {
                if (!ended.isDone()) {
                    killed = true;
                    process.destroyForcibly();
                    control.schedule(this, KILLED);
                }
            }
        }
    }
}
