// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.descriptors;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The baseline: as many descriptors, between the same two processes, sent and received one after another with Netty's
 * {@code sendFd} and {@code recvFd}. No protocol, nothing is announced; who has to wait spins. What becomes of a descriptor
 * says {@link FloorTaker}.
 */
final class BareLoop {
    private BareLoop() {}

    /** Sends the descriptors of {@code channels} to whoever connects to {@code path}. The caller shuts {@code loop} down. */
    static void serve(Path path, List<Channel> channels, EventLoopGroup loop) throws InterruptedException {
        int[] descriptors = channels.stream()
                .mapToInt(channel -> ((UnixChannel) channel).fd().intValue())
                .toArray();
        new ServerBootstrap()
                .group(loop)
                .channel(EpollServerDomainSocketChannel.class)
                .childHandler(new Sending(descriptors))
                .bind(new DomainSocketAddress(path.toString()))
                .sync();
    }

    @ChannelHandler.Sharable
    private static final class Sending extends ChannelInboundHandlerAdapter {
        private final int[] descriptors;

        Sending(int[] descriptors) {
            this.descriptors = descriptors;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) throws IOException {
            Socket socket = (Socket) ((UnixChannel) context.channel()).fd();
            for (int descriptor : descriptors) {
                while (socket.sendFd(descriptor) <= 0) {
                    Thread.onSpinWait();
                }
            }
            context.close();
        }
    }

    /** Receives {@code count} descriptors; tells how long it took until {@code taker} had dealt with the last one, in ns. */
    static long receive(Path path, int count, FloorTaker taker) throws IOException, InterruptedException {
        int received = 0;
        Socket socket = Socket.newSocketDomain();
        try {
            long begun = System.nanoTime();
            socket.connect(new DomainSocketAddress(path.toString()));
            while (received < count) {
                int descriptor = socket.recvFd();
                if (descriptor > 0) {
                    taker.take(descriptor);
                    received++;
                } else if (descriptor < 0) {
                    throw new IOException("the sender hung up after " + received + " of " + count);
                } else {
                    Thread.onSpinWait();
                }
            }
            taker.await();
            return System.nanoTime() - begun;
        } finally {
            socket.close();
        }
    }
}
