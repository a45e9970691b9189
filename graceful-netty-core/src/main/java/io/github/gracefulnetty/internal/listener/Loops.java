// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.netty.channel.EventLoop;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

/** Actions on the event loop of a socket. */
final class Loops {
    private Loops() {}

    /** Runs {@code action} there, at once if this is that loop's thread. */
    static CompletableFuture<Void> run(EventLoop loop, Runnable action) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Runnable task = () -> {
            try {
                action.run();
                done.complete(null);
            } catch (Throwable t) {
                done.completeExceptionally(t);
            }
        };
        if (loop.inEventLoop()) {
            task.run();
        } else {
            queue(loop, task, done);
        }
        return done;
    }

    /** Completes on the loop when all that waits in its queue now is over, or when it has ended. */
    static CompletableFuture<Void> pass(EventLoop loop) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        queue(loop, () -> done.complete(null), done);
        return done;
    }

    private static void queue(EventLoop loop, Runnable task, CompletableFuture<Void> done) {
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            // The loop has ended, and with it everything that was registered there.
            done.complete(null);
        }
    }
}
