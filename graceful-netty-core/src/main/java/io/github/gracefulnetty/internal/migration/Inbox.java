// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.migration;

import io.netty.channel.EventLoop;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import org.jspecify.annotations.Nullable;

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

    /** One of those that wait, and the one that came right before, or after it once it was taken out. */
    private static final class Node<T> {
        private final T one;
        private @Nullable Node<T> next;

        Node(T one) {
            this.one = one;
        }
    }

    // Not a queue of the JDK: see OwnedDescriptor.
    @SuppressWarnings("rawtypes")
    private static final AtomicReferenceFieldUpdater<Inbox, Node> NEWEST =
            AtomicReferenceFieldUpdater.newUpdater(Inbox.class, Node.class, "newest");

    private final EventLoop loop;
    private final Owner<T> owner;

    /** What has come since the event loop looked last. Who finds it {@code null} tells the event loop. */
    private volatile @Nullable Node<T> newest;

    /** What the event loop has taken out, in order. Its own. */
    private @Nullable Node<T> oldest;

    Inbox(EventLoop loop, Owner<T> owner) {
        this.loop = loop;
        this.owner = owner;
    }

    /** On any thread. */
    void put(T one) {
        Node<T> node = new Node<>(one);
        Node<T> before;
        do {
            before = newest;
            node.next = before;
        } while (!NEWEST.compareAndSet(this, before, node));
        if (before == null) {
            schedule();
        }
    }

    private void schedule() {
        try {
            loop.execute(this::take);
        } catch (RejectedExecutionException e) {
            reject(takeOut());
        }
    }

    private void reject(@Nullable Node<T> first) {
        for (Node<T> left = first; left != null; left = left.next) {
            owner.reject(left.one);
        }
    }

    /** What has come, in order. */
    @SuppressWarnings("unchecked")
    private @Nullable Node<T> takeOut() {
        Node<T> node = NEWEST.getAndSet(this, null);
        Node<T> first = null;
        while (node != null) {
            Node<T> before = node.next;
            node.next = first;
            first = node;
            node = before;
        }
        return first;
    }

    private void take() {
        Node<T> next = oldest == null ? takeOut() : oldest;
        try {
            for (int left = MOST_PER_TASK; next != null && left > 0; left--) {
                T one = next.one;
                next = next.next;
                owner.take(one);
            }
            owner.taken();
        } finally {
            oldest = next;
            if (next != null) {
                goOn();
            }
        }
    }

    private void goOn() {
        try {
            loop.execute(this::take);
        } catch (RejectedExecutionException e) {
            Node<T> left = oldest;
            oldest = null;
            reject(left);
        }
    }
}
