// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.descriptors;

import io.github.gracefulnetty.handoff.DescriptorHandler;
import io.github.gracefulnetty.handoff.ReceivedDescriptor;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** What the receiver does with the descriptors of one handoff; it tells when the last one is where it should be. */
abstract class Taker implements DescriptorHandler, AutoCloseable {
    /** When the last one was there, as {@link System#nanoTime()}. */
    final CompletableFuture<Long> last = new CompletableFuture<>();

    /** Keeps what it gets. */
    static final class Raw extends Taker {
        private final int count;
        private final List<ReceivedDescriptor> received;

        Raw(int count) {
            this.count = count;
            this.received = new ArrayList<>(count);
        }

        @Override
        public void received(ReceivedDescriptor descriptor, byte[] metadata) {
            received.add(descriptor);
            if (received.size() == count) {
                last.complete(System.nanoTime());
            }
        }

        @Override
        public void close() {
            received.forEach(ReceivedDescriptor::close);
        }
    }

    /** Makes a channel of each. */
    static final class Registering extends Taker {
        private final AtomicInteger left;
        private final List<ChannelFuture> futures;
        private final Bootstrap connections;
        private final ServerBootstrap listeners;
        private final ChannelFutureListener active = this::active;

        Registering(int count, EventLoopGroup loops) {
            left = new AtomicInteger(count);
            futures = new ArrayList<>(count);
            connections = new Bootstrap().group(loops).handler(new Nothing());
            listeners = new ServerBootstrap().group(loops).childHandler(new Nothing());
        }

        @Override
        public void received(ReceivedDescriptor descriptor, byte[] metadata) {
            ChannelFuture future =
                    descriptor.kind().isListener() ? descriptor.bind(listeners) : descriptor.register(connections);
            futures.add(future);
            future.addListener(active);
        }

        private void active(ChannelFuture future) {
            Channel channel = future.channel();
            if (!future.isSuccess()) {
                last.completeExceptionally(future.cause());
            } else if (!channel.isRegistered() || !channel.isActive()) {
                last.completeExceptionally(new IllegalStateException(channel + " is not active"));
            } else if (left.decrementAndGet() == 0) {
                last.complete(System.nanoTime());
            }
        }

        @Override
        public void close() throws InterruptedException {
            for (ChannelFuture future : futures) {
                future.channel().close();
            }
            for (ChannelFuture future : futures) {
                future.channel().closeFuture().sync();
            }
        }
    }

    @ChannelHandler.Sharable
    private static final class Nothing extends ChannelInboundHandlerAdapter {}

    @Override
    public abstract void close() throws InterruptedException;
}
