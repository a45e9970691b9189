// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.netty.channel.EventLoop;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What other threads hand to an event loop. It takes as many as have come, so that thousands of them do not wake it up one
 * by one, and serves others between.
 */
final class Inbox<T> {
    /** What becomes of what was put in: one of both for each, in order. */
    interface Owner<T> {
        /** On the event loop. */
        void take(T one);

        /** On the event loop: so much for now. */
        default void taken() {}

        /** The event loop has ended. On the thread that put something in. */
        void reject(T one);
    }

    private static final int MOST_PER_TASK = 64;

    private final EventLoop loop;
    private final Owner<T> owner;
    private final Queue<T> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    Inbox(EventLoop loop, Owner<T> owner) {
        this.loop = loop;
        this.owner = owner;
    }

    /** On any thread. */
    void put(T one) {
        waiting.add(one);
        schedule();
    }

    private void schedule() {
        if (waiting.isEmpty() || !scheduled.compareAndSet(false, true)) {
            return;
        }
        try {
            loop.execute(this::take);
        } catch (RejectedExecutionException e) {
            scheduled.set(false); // whoever puts something in from now on sees to it
            for (T one = waiting.poll(); one != null; one = waiting.poll()) {
                owner.reject(one);
            }
        }
    }

    private void take() {
        try {
            for (int left = MOST_PER_TASK; left > 0; left--) {
                T one = waiting.poll();
                if (one == null) {
                    break;
                }
                owner.take(one);
            }
            owner.taken();
        } finally {
            scheduled.set(false);
            schedule();
        }
    }
}
