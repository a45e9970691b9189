// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.transfer.Reasons;
import java.util.function.Consumer;

/**
 * The barrier between this library's decisions and everybody's errors. Whatever is thrown becomes the failure of exactly
 * what was asked for; it never gets further.
 */
final class Guard {

    private Guard() {}

    /** Something that may fail in any way. */
    @FunctionalInterface
    interface Step {
        void run() throws Throwable;
    }

    /** Runs {@code step}; whatever it throws is given to {@code failed}, and what that throws is logged. */
    static void run(Step step, Consumer<Throwable> failed) {
        try {
            step.run();
        } catch (Throwable t) {
            quietly(() -> failed.accept(t));
        }
    }

    /** Runs all of them, in this order: whatever one throws is logged, and the next one runs all the same. */
    static void all(Step... steps) {
        for (Step step : steps) {
            quietly(step);
        }
    }

    /** Runs {@code step}; whatever it throws is logged. */
    static void quietly(Step step) {
        try {
            step.run();
        } catch (Throwable t) {
            log(t);
        }
    }

    /** Logs what nobody expected, in one line with the stack trace below. Never throws. */
    static void log(Throwable t) {
        try {
            LOGGER.error("graceful-netty: unexpected: {}", Reasons.of(t), t);
        } catch (Throwable logging) {
            // The logger itself cannot be loaded, or there is no memory for the line: the step's failure is known to
            // whoever asked for it, and there is nobody else to tell.
            if (logging != t) { // the JVM may throw one OutOfMemoryError twice
                t.addSuppressed(logging);
            }
        }
    }
}
