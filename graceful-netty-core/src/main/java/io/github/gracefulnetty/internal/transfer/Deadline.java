// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Something that is done after some time, by the monotonic clock. A process that was stopped meanwhile, with a signal or
 * with its whole machine, first gets to read what has arrived since. A loop that is late again and again has no such excuse.
 * On the control loop.
 */
public class Deadline {
    /** A loop that is later than this has not run, or has not been let: what it waits for may be there, unread. */
    private static final long STOPPED_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final Duration TIME_TO_READ = Duration.ofSeconds(1);

    /** How often that is granted: a loop that is always late, because too much is to be done on it, must come to an end, too. */
    private static final int MOST_TIMES_TO_READ = 2;

    /** The loop reads before it comes to what is scheduled. */
    private static final Duration ONE_PASS = Duration.ofMillis(1);

    private final ControlLoop control;
    private final Runnable action;
    private long dueNanos;
    private int timesToRead;
    private boolean hasRead;
    private @Nullable ScheduledFuture<?> timer;

    Deadline(ControlLoop control, Runnable action) {
        this.control = control;
        this.action = action;
    }

    /** Runs {@code action} after {@code delay}, unless it is cancelled. */
    public static Deadline in(Duration delay, ControlLoop control, Runnable action) {
        Deadline deadline = new Deadline(control, action);
        deadline.schedule(delay);
        return deadline;
    }

    /** By {@link System#nanoTime}, but in tests. */
    long nanoTime() {
        return System.nanoTime();
    }

    void schedule(Duration delay) {
        dueNanos = nanoTime() + delay.toNanos();
        timer = control.schedule(this::due, delay);
    }

    private void due() {
        if (timesToRead < MOST_TIMES_TO_READ && nanoTime() - dueNanos > STOPPED_NANOS) {
            timesToRead++;
            schedule(TIME_TO_READ);
        } else if (!hasRead) {
            hasRead = true;
            schedule(ONE_PASS);
        } else {
            timer = null;
            action.run();
        }
    }

    public void cancel() {
        ScheduledFuture<?> pending = timer;
        timer = null;
        if (pending != null) {
            pending.cancel(false);
        }
    }
}
