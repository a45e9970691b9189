// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.accept;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulBootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A server that resets every connection as soon as it is active, and counts them. */
final class AcceptingServer implements AutoCloseable {
    private final AtomicLong closed = new AtomicLong();
    private final @Nullable Graceful graceful;
    private final Channel listener;

    AcceptingServer(ServerKind kind, ServerLoops loops) throws InterruptedException {
        graceful = kind == ServerKind.GRACEFUL ? Graceful.builder().build() : null;
        ServerBootstrap bootstrap = graceful == null ? new ServerBootstrap() : new GracefulBootstrap(graceful);
        listener = bootstrap
                .group(loops.boss(), loops.workers())
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 4096)
                .childOption(ChannelOption.SO_LINGER, 0) // a reset leaves no TIME_WAIT behind
                .childHandler(new CloseAtOnce())
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
        if (graceful != null) {
            graceful.ready().join();
        }
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** How many connections have been accepted, registered and closed so far. */
    long closed() {
        return closed.get();
    }

    @Override
    public void close() throws InterruptedException {
        if (graceful == null) {
            listener.close().sync();
        } else {
            graceful.stop().join();
        }
    }

    @ChannelHandler.Sharable
    private final class CloseAtOnce extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext context) {
            context.close();
            closed.incrementAndGet();
        }
    }
}
