// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.descriptors;

import io.github.gracefulnetty.handoff.DescriptorHandler;
import io.github.gracefulnetty.handoff.ReceivedDescriptor;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
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
        private final Queue<Channel> channels = new ConcurrentLinkedQueue<>();
        private final Bootstrap connections;
        private final ServerBootstrap listeners;

        Registering(int count, EventLoopGroup loops) {
            left = new AtomicInteger(count);
            connections = new Bootstrap().group(loops).handler(new Active());
            listeners = new ServerBootstrap().group(loops).handler(new Active()).childHandler(new Nothing());
        }

        @Override
        public void received(ReceivedDescriptor descriptor, byte[] metadata) {
            if (descriptor.kind().isListener()) {
                descriptor.bind(listeners).addListener(this::failed);
            } else {
                descriptor.register(connections).addListener(this::failed);
            }
        }

        private void failed(Future<?> done) {
            if (!done.isSuccess()) {
                last.completeExceptionally(done.cause());
            }
        }

        @ChannelHandler.Sharable
        private final class Active extends ChannelInboundHandlerAdapter {
            @Override
            public void channelActive(ChannelHandlerContext context) {
                channels.add(context.channel());
                if (left.decrementAndGet() == 0) {
                    last.complete(System.nanoTime());
                }
            }
        }

        @Override
        public void close() throws InterruptedException {
            channels.forEach(Channel::close);
            for (Channel channel : channels) {
                channel.closeFuture().sync();
            }
        }
    }

    @ChannelHandler.Sharable
    private static final class Nothing extends ChannelInboundHandlerAdapter {}

    @Override
    public abstract void close() throws InterruptedException;
}
