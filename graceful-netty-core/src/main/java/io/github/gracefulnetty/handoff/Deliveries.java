// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Gives the application what was received, one after another, on a thread that it may block. Whoever receives is on an event
 * loop, and hears there how far it got. Owns what the application has not been given. Safe for use by several threads.
 */
final class Deliveries {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(Deliveries.class);

    /** One thing that is given to the application. */
    interface Delivery {
        /** How many descriptors came before it. */
        int index();

        /** Calls the application. On any thread. */
        void give() throws Exception;

        /** The application does not get it, or has failed with it. */
        void discard();

        /** What it is, for messages. */
        @Override
        String toString();
    }

    /** Who receives. On the event loop. */
    interface Listener {
        /** The application has taken one or more. */
        void delivered();

        /** The application has failed: nothing more is given to it. */
        void failed(Delivery with, Throwable cause);

        /** The event loop has ended: nobody will hear of anything there. On any thread, perhaps more than once. */
        void loopEnded();
    }

    private final ControlLoop control;
    private final Listener listener;
    private final Deque<Delivery> waiting = new ArrayDeque<>();
    private @Nullable Delivery current;
    private boolean running;
    private boolean over;
    private boolean told;

    Deliveries(ControlLoop control, Listener listener) {
        this.control = control;
        this.listener = listener;
    }

    /**
     * Gives this one, after those before.
     *
     * @throws OutOfMemoryError if there can be no thread for it; it is the caller's then
     */
    void add(Delivery delivery) {
        synchronized (this) {
            waiting.add(delivery);
            if (running || over) {
                return;
            }
            running = true;
        }
        try {
            ApplicationThreads.CALLBACKS.start(this::run);
        } catch (Throwable t) {
            synchronized (this) {
                running = false;
                waiting.remove(delivery);
            }
            throw t;
        }
    }

    private void run() {
        for (Delivery next; (next = next()) != null; ) {
            try {
                next.give();
            } catch (Throwable t) {
                failed(next, t);
                return;
            }
        }
    }

    private synchronized @Nullable Delivery next() {
        boolean news = current != null; // it was taken
        current = over ? null : waiting.poll();
        running = current != null;
        if ((news || !running) && !told) {
            told = tell(this::delivered); // once for all that is taken until it is heard
        }
        return current;
    }

    /** It counts as being worked on until the loop has heard of the failure: else it would look as if it were taken. */
    private void failed(Delivery with, Throwable cause) {
        discard(with);
        boolean late;
        synchronized (this) {
            late = over;
            over = true;
        }
        if (late) {
            LOGGER.warn(
                    "graceful-netty: the receiver could not use {}, when its handoff was over: {}",
                    with,
                    Reasons.of(cause));
        }
        tell(() -> {
            stopped();
            if (late) {
                listener.delivered();
            } else {
                listener.failed(with, cause);
            }
        });
    }

    private synchronized void stopped() {
        running = false;
    }

    private void delivered() {
        synchronized (this) {
            told = false;
        }
        listener.delivered();
    }

    /** {@code false} if it will not be heard: without memory, the next news may be. */
    private boolean tell(Runnable news) {
        try {
            control.execute(news);
            return true;
        } catch (RejectedExecutionException e) {
            listener.loopEnded();
        } catch (Throwable t) {
            LOGGER.warn("graceful-netty: the receiver cannot go on at once: {}", Reasons.of(t));
        }
        return false;
    }

    /** Whether the application has not taken everything yet. */
    synchronized boolean isBusy() {
        return running || !waiting.isEmpty();
    }

    /** What the application works on, for messages. */
    synchronized String busyWith() {
        Delivery first = current == null ? waiting.peek() : current;
        return first == null ? "everything" : first.toString();
    }

    /** How many of the first {@code count} descriptors the application has taken. */
    synchronized int taken(int count) {
        Delivery first = current == null ? waiting.peek() : current;
        return first == null ? count : first.index();
    }

    /** Gives nothing more. What the application works on stays its own. */
    void end() {
        for (Delivery left; (left = left()) != null; ) {
            discard(left);
        }
    }

    private synchronized @Nullable Delivery left() {
        over = true;
        return waiting.poll();
    }

    private static void discard(Delivery left) {
        try {
            left.discard();
        } catch (Throwable t) {
            LOGGER.warn("graceful-netty: {} cannot be closed: {}", left, Reasons.root(t));
        }
    }
}
