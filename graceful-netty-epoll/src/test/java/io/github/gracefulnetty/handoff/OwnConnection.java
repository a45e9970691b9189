// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** An application that accepts a unix connection: each of its two ends can say something, and remembers what it hears. */
@SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
final class OwnConnection implements AutoCloseable {
    /** One end. */
    static final class End extends ChannelInboundHandlerAdapter {
        private final StringBuilder heard = new StringBuilder();
        private final BlockingQueue<Integer> news = new LinkedBlockingQueue<>();

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            synchronized (heard) {
                heard.append(bytes.toString(US_ASCII));
            }
            news.add(bytes.readableBytes());
            bytes.release();
        }

        String heard() {
            synchronized (heard) {
                return heard.toString();
            }
        }
    }

    private final EventLoopGroup loops = new EpollEventLoopGroup(2);
    private final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
    private final Channel listener;

    OwnConnection(Path path) throws InterruptedException {
        listener = new ServerBootstrap()
                .group(loops)
                .channel(EpollServerDomainSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast("application", new End());
                        accepted.add(channel);
                    }
                })
                .bind(new DomainSocketAddress(path.toString()))
                .sync()
                .channel();
    }

    /** A new connection's near end. */
    Channel connect() throws InterruptedException {
        return new Bootstrap()
                .group(loops)
                .channel(EpollDomainSocketChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast("application", new End());
                    }
                })
                .connect(listener.localAddress())
                .sync()
                .channel();
    }

    /** The other end of the connection that was made last. */
    Channel accept() throws InterruptedException {
        Channel channel = accepted.poll(30, TimeUnit.SECONDS);
        if (channel == null) {
            throw new AssertionError("nobody has connected");
        }
        return channel;
    }

    static void say(Channel from, String words) throws InterruptedException {
        from.writeAndFlush(Unpooled.copiedBuffer(words, US_ASCII)).sync();
    }

    /** Waits until an end has heard exactly this since it was opened. */
    static void assertHeard(Channel at, String words) throws InterruptedException {
        End end = at.pipeline().get(End.class);
        while (end.heard().length() < words.length()) {
            assertThat(end.news.poll(30, TimeUnit.SECONDS))
                    .as("more than " + end.heard())
                    .isNotNull();
        }
        assertThat(end.heard()).isEqualTo(words);
    }

    /** Runs on a connection's event loop, as handlers do. */
    static <T> T on(Channel channel, Callable<T> action) throws Exception {
        return channel.eventLoop().submit(action).get(30, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        loops.shutdownGracefully(50, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }
}
