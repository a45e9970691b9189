// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.descriptors;

import io.github.gracefulnetty.handoff.DescriptorServer;
import io.github.gracefulnetty.handoff.Offer;
import io.github.gracefulnetty.handoff.Offerer;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The sender, in a JVM of its own: {@code <kind> <count> <directory>}. Opens {@code count} different sockets and offers them
 * at {@code handoff} in the directory, and bare at {@code bare}, until its standard input ends. For connections it says
 * {@code PORT <port>} first, and waits until that many clients have connected; when it offers them, {@code READY}.
 */
final class SenderProcess {
    static final String HANDOFF = "handoff";
    static final String BARE = "bare";
    static final String PORT = "PORT ";
    static final String READY = "READY";

    private static final int BACKLOG = 4096;
    private static final long TIMEOUT_SECONDS = 60;

    private SenderProcess() {}

    @SuppressWarnings({"deprecation", "SystemOut"}) // the group of both Netty lines; the bench reads what is written
    public static void main(String... arguments) throws Exception {
        Kind kind = Kind.valueOf(arguments[0]);
        int count = Integer.parseInt(arguments[1]);
        Path directory = Path.of(arguments[2]);
        EventLoopGroup loop = new EpollEventLoopGroup(1);
        List<Channel> channels = kind == Kind.CONNECTION ? connections(count, loop) : listeners(count, loop);
        Offer[] offers = channels.stream()
                .map(channel -> kind == Kind.CONNECTION ? Offer.connection(channel) : Offer.listener(channel))
                .toArray(Offer[]::new);
        BareLoop.serve(directory.resolve(BARE), channels, loop);
        try (DescriptorServer server = DescriptorServer.listen(directory.resolve(HANDOFF), Offerer.of(offers))) {
            System.out.println(READY);
            System.in.transferTo(OutputStream.nullOutputStream());
        } finally {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
    }

    private static List<Channel> listeners(int count, EventLoopGroup loop) throws InterruptedException {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loop)
                .channel(EpollServerSocketChannel.class)
                .childHandler(new ChannelInboundHandlerAdapter());
        List<Channel> channels = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            channels.add(bootstrap.bind("127.0.0.1", 0).sync().channel());
        }
        return channels;
    }

    @SuppressWarnings("SystemOut")
    private static List<Channel> connections(int count, EventLoopGroup loop) throws InterruptedException {
        BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
        Channel listener = new ServerBootstrap()
                .group(loop)
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.AUTO_READ, false)
                .childHandler(new Accepting(accepted))
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
        System.out.println(PORT + ((InetSocketAddress) listener.localAddress()).getPort());
        List<Channel> channels = new ArrayList<>(count);
        while (channels.size() < count) {
            Channel next = accepted.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            if (next == null) {
                throw new IllegalStateException("only " + channels.size() + " of " + count + " clients have connected");
            }
            channels.add(next);
        }
        listener.close().sync();
        return channels;
    }

    @ChannelHandler.Sharable
    private static final class Accepting extends ChannelInboundHandlerAdapter {
        private final BlockingQueue<Channel> accepted;

        Accepting(BlockingQueue<Channel> accepted) {
            this.accepted = accepted;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            accepted.add(context.channel());
        }
    }
}
