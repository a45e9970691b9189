// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.drain;

import io.github.gracefulnetty.connection.ServerDrain;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The barrier between a drain and everybody's errors: whatever is thrown is logged, and never keeps the drain from its end. */
final class DrainGuard {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(DrainGuard.class);

    private DrainGuard() {}

    /** Runs {@code step}; whatever it throws is logged: that {@code who} {@code what}. */
    static void quietly(Object who, String what, Runnable step) {
        run(who, what, step, () -> {});
    }

    /** Runs {@code step}; whatever it throws is logged, and {@code otherwise} runs in its place. */
    static void run(Object who, String what, Runnable step, Runnable otherwise) {
        try {
            step.run();
        } catch (Throwable t) {
            warn(who, what, t);
            otherwise.run();
        }
    }

    /**
     * Asks a server. Whatever it throws is its failure, and so is no answer.
     *
     * @return completes when it has answered, or failed: that is logged
     */
    static CompletableFuture<Void> ask(ServerDrain server, String method, Supplier<CompletionStage<?>> question) {
        CompletableFuture<Void> answered = new CompletableFuture<>();
        run(
                server,
                method + " failed",
                () -> Objects.requireNonNull(question.get(), method + " returned null: return a CompletionStage")
                        .whenComplete((nothing, failure) -> answered(server, method, failure, answered)),
                () -> answered.complete(null));
        return answered;
    }

    private static void answered(
            ServerDrain server, String method, @Nullable Throwable failure, CompletableFuture<Void> answered) {
        if (failure != null) {
            warn(server, method + " failed", failure);
        }
        answered.complete(null);
    }

    /** Logs it in one line, with the stack trace below. Never throws. */
    static void warn(Object who, String what, Throwable t) {
        try {
            LOGGER.warn("graceful-netty: {} {}: {}", who, what, t, t);
        } catch (Throwable logging) {
            // There is no memory for the line, or the failure cannot be told: the drain goes on all the same.
        }
    }
}
