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
            try {
                loop.execute(task);
            } catch (RejectedExecutionException e) {
                // The loop has ended, and with it everything that was registered there.
                done.complete(null);
            }
        }
        return done;
    }
}
