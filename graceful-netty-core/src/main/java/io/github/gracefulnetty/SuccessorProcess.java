// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.activation.Activation;
import io.github.gracefulnetty.internal.process.CommandLine;
import io.github.gracefulnetty.internal.protocol.Token;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A process that this one started to be its successor. Reaped when it exits, ended when the upgrade fails. */
final class SuccessorProcess {
    /** How long a process that hung up, or was asked to end, may take to exit. */
    static final long EXIT_MILLIS = 2_000;

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
        ProcessBuilder builder = builder(command);
        ticket.putInto(builder.environment());
        return new SuccessorProcess(builder.start());
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

    /** Asks it to end, then ends it. Completes when it has been reaped. */
    CompletableFuture<Process> end() {
        watched = false;
        process.destroy();
        return process.onExit()
                .copy()
                .orTimeout(EXIT_MILLIS, TimeUnit.MILLISECONDS)
                .exceptionallyCompose(late -> {
                    process.destroyForcibly();
                    return process.onExit();
                });
    }
}
