// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;

/** The barrier between a drain and everybody's errors: whatever is thrown is logged, and never keeps the drain from its end. */
public final class DrainGuard {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(DrainGuard.class);

    private DrainGuard() {}

    /** Runs {@code step}; whatever it throws is logged: that {@code who} {@code what}. */
    public static void quietly(Object who, String what, Runnable step) {
        run(who, what, step, () -> {});
    }

    /** Runs {@code step}; whatever it throws is logged, and {@code otherwise} runs in its place. */
    public static void run(Object who, String what, Runnable step, Runnable otherwise) {
        try {
            step.run();
        } catch (Throwable t) {
            warn(who, what, t);
            otherwise.run();
        }
    }

    /** Logs it in one line, with the stack trace below. Never throws. */
    public static void warn(Object who, String what, Throwable t) {
        try {
            LOGGER.warn("graceful-netty: {} {}: {}", who, what, t, t);
        } catch (Throwable logging) {
            // There is no memory for the line, or the failure cannot be told: the drain goes on all the same.
        }
    }
}
