// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A server in this JVM that says its name to everybody who connects, and hangs up. One "process" of a handoff. */
@SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
final class Greeter implements AutoCloseable {
    final Graceful graceful;
    final EventLoopGroup boss = new EpollEventLoopGroup(1);
    final EventLoopGroup workers = new EpollEventLoopGroup(2);
    private final String name;

    Greeter(String name, Graceful.Builder builder) {
        this.name = name;
        Graceful built;
        try {
            built = builder.build();
        } catch (RuntimeException e) {
            shutDownLoops();
            throw e;
        }
        this.graceful = built;
    }

    ServerBootstrap bootstrap(SocketAddress address) {
        return new GracefulBootstrap(graceful)
                .group(boss, workers)
                .channel(
                        address instanceof DomainSocketAddress
                                ? EpollServerDomainSocketChannel.class
                                : EpollServerSocketChannel.class)
                .childHandler(new Greeting(name));
    }

    Channel bind(SocketAddress address) throws InterruptedException {
        return bootstrap(address).bind(address).sync().channel();
    }

    /** What the server says to a new client. */
    static String ask(SocketAddress address) throws IOException {
        if (address instanceof DomainSocketAddress unix) {
            try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(Path.of(unix.path())))) {
                return read(Channels.newInputStream(channel));
            }
        }
        try (Socket socket = connect(address)) {
            return read(socket.getInputStream());
        }
    }

    static Socket connect(SocketAddress address) throws IOException {
        InetSocketAddress inet = (InetSocketAddress) address;
        Socket socket = new Socket();
        socket.setSoTimeout(20_000);
        socket.connect(
                inet.getAddress().isAnyLocalAddress()
                        ? new InetSocketAddress(InetAddress.getLoopbackAddress(), inet.getPort())
                        : inet);
        return socket;
    }

    static String read(InputStream in) throws IOException {
        return new String(in.readAllBytes(), UTF_8);
    }

    private void shutDownLoops() {
        boss.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        workers.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** Ends like a process that is told to, and waits for it. */
    @Override
    public void close() {
        graceful.stop().handle((report, failure) -> true).join();
        shutDownLoops();
    }

    @Sharable
    private static final class Greeting extends ChannelInboundHandlerAdapter {
        private final String name;

        Greeting(String name) {
            this.name = name;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            context.writeAndFlush(Unpooled.copiedBuffer(name, UTF_8)).addListener(ChannelFutureListener.CLOSE);
        }
    }
}
