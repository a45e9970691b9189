// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.descriptors;

import io.github.gracefulnetty.epoll.EpollTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** What the bare loop does with a descriptor that it has received. */
abstract class FloorTaker implements AutoCloseable {
    private static final EpollTransport TRANSPORT = new EpollTransport();

    abstract void take(int descriptor) throws IOException;

    /** Waits until the last one is where it should be. */
    void await() throws InterruptedException {}

    @Override
    public abstract void close() throws IOException, InterruptedException;

    /** Keeps it, and asks nothing. */
    static FloorTaker bare(int count) {
        return new Keeping(count, false);
    }

    /** Asks the kernel what the library asks, and does what {@code outcome} needs, with plain Netty. */
    static FloorTaker floor(Outcome outcome, int count, EventLoopGroup loops) {
        return outcome == Outcome.RAW ? new Keeping(count, true) : new Registering(count, loops);
    }

    private static final class Keeping extends FloorTaker {
        private final boolean inspect;
        private final List<Socket> received;

        Keeping(int count, boolean inspect) {
            this.inspect = inspect;
            this.received = new ArrayList<>(count);
        }

        @Override
        void take(int descriptor) throws IOException {
            received.add(new Socket(descriptor));
            if (inspect) {
                TRANSPORT.inspect(descriptor);
            }
        }

        @Override
        public void close() throws IOException {
            for (Socket descriptor : received) {
                descriptor.close();
            }
        }
    }

    private static final class Registering extends FloorTaker {
        private final EventLoopGroup loops;
        private final ChannelHandler handler;
        private final List<Channel> channels;
        private final CountDownLatch left;

        Registering(int count, EventLoopGroup loops) {
            this.loops = loops;
            this.channels = new ArrayList<>(count);
            this.left = new CountDownLatch(count);
            this.handler = new Active();
        }

        @Override
        void take(int descriptor) throws IOException {
            Channel channel = TRANSPORT.adopt(TRANSPORT.inspect(descriptor).kind(), descriptor);
            channels.add(channel);
            channel.pipeline().addLast(handler);
            loops.register(channel);
        }

        @Override
        void await() throws InterruptedException {
            left.await();
        }

        @ChannelHandler.Sharable
        private final class Active extends ChannelInboundHandlerAdapter {
            @Override
            public void channelActive(ChannelHandlerContext context) {
                left.countDown();
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
}
