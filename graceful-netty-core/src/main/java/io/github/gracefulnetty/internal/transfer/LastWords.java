// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * The time that the other side has, once it has closed the descriptor connection, to say why: its reason, or its end, is on
 * the byte connection, and may not have been read yet. On the control loop.
 */
final class LastWords {
    private static final Duration TIME = Duration.ofSeconds(1);

    private final ControlLoop control;
    private @Nullable ScheduledFuture<?> timer;

    LastWords(ControlLoop control) {
        this.control = control;
    }

    /** Runs {@code otherwise} when the time is up, unless it is waited already. */
    void await(Runnable otherwise) {
        if (timer == null) {
            timer = control.schedule(otherwise, TIME);
        }
    }

    /** Nobody waits any more. */
    void cancel() {
        ScheduledFuture<?> pending = timer;
        timer = null;
        if (pending != null) {
            pending.cancel(false);
        }
    }
}
