// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The threads on which the application's own code runs when something has happened: it may block there, for ever if it
 * likes, without holding up the control loop or anybody else's. One thread for each that runs at the same time, which ends
 * soon when there is nothing to do.
 */
public final class Callbacks {
    private static final int IDLE_SECONDS = 2;

    private final Executor threads = new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            new DefaultThreadFactory("graceful-netty-callback", true));

    /** The first thread is there from the beginning: ready() would have to wait for it. */
    public Callbacks() {
        run(() -> {});
    }

    /** What the application gets for {@code inner}: completes as that does, but on one of these threads. */
    public <T> CompletableFuture<T> outer(CompletableFuture<T> inner) {
        CompletableFuture<T> outer = new CompletableFuture<>();
        inner.whenComplete((value, failure) -> run(new Completion<>(outer, value, failure)));
        return outer;
    }

    /** With a name: a process that starts makes a lambda of this shape slowly. */
    private record Completion<T>(
            CompletableFuture<T> outer, T value, @Nullable Throwable failure) implements Runnable {
        @Override
        public void run() {
            if (failure == null) {
                outer.complete(value);
            } else {
                outer.completeExceptionally(Reasons.unwrap(failure));
            }
        }
    }

    /**
     * Runs {@code action} on one of these threads.
     *
     * @throws OutOfMemoryError if there can be no further thread
     */
    public void start(Runnable action) {
        threads.execute(action);
    }

    /** Runs {@code action} on one of these threads; here, if there can be no further thread. */
    public void run(Runnable action) {
        try {
            start(action);
        } catch (OutOfMemoryError e) { // this user may have no more threads
            action.run();
        }
    }
}
