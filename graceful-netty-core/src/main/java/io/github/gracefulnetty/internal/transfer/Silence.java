// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Notices that somebody has said or done nothing for some time. On the control loop. */
public final class Silence {
    private final ControlLoop control;
    private final Duration limit;
    private final Runnable tooLong;
    private @Nullable Deadline timer;
    private long heardNanos;

    /** Waits for nothing yet. */
    public Silence(ControlLoop control, Duration limit, Runnable tooLong) {
        this.control = control;
        this.limit = limit;
        this.tooLong = tooLong;
    }

    /** Something was heard, or is waited for from now on. Cheap: it may be called for every descriptor. */
    public void broken() {
        heardNanos = System.nanoTime();
        if (timer == null) {
            timer = Deadline.in(limit, control, this::look);
        }
    }

    private void look() {
        long left = limit.toNanos() - (System.nanoTime() - heardNanos);
        if (left <= 0) {
            timer = null;
            tooLong.run();
        } else {
            timer = Deadline.in(Duration.ofNanos(left), control, this::look);
        }
    }

    /** Nobody has to say anything any more. */
    public void over() {
        Deadline pending = timer;
        timer = null;
        if (pending != null) {
            pending.cancel();
        }
    }
}
