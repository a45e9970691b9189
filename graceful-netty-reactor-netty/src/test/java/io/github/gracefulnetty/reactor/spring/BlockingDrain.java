// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor.spring;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.ServerChannels;
import io.github.gracefulnetty.connection.ServerDrain;
import io.netty.channel.Channel;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;

/** A server that does what none may do: it blocks the control loop when it is drained. */
final class BlockingDrain implements ServerDrain {
    private final CountDownLatch end = new CountDownLatch(1);

    /** Is drained with everything else. */
    BlockingDrain of(Graceful graceful) {
        ServerChannels.of(graceful).drainedBy(this);
        return this;
    }

    void unblock() {
        end.countDown();
    }

    @Override
    public CompletionStage<?> drain(Collection<Channel> connections) {
        System.out.println("BLOCKED");
        try {
            end.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void resume() {}

    @Override
    public void force() {}

    @Override
    public CompletionStage<?> end() {
        return CompletableFuture.completedFuture(null);
    }
}
