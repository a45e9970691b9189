// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalServerChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.AttributeKey;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What works with a ServerBootstrap works with this one. */
@ExtendWith(DescriptorGate.class)
class GracefulBootstrapTest {
    private static final AttributeKey<String> KEY = AttributeKey.valueOf("GracefulBootstrapTest");
    private static final InetSocketAddress LOOPBACK = new InetSocketAddress("127.0.0.1", 0);

    private final Greeter server = new Greeter("hello", Graceful.builder());

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void shouldBindInAllTheWaysThatThereAre() throws Exception {
        for (ChannelFuture bound : new ChannelFuture[] {
            server.bootstrap(LOOPBACK).bind(0),
            server.bootstrap(LOOPBACK).bind("127.0.0.1", 0),
            server.bootstrap(LOOPBACK).bind(InetAddress.getLoopbackAddress(), 0),
            server.bootstrap(LOOPBACK).bind(LOOPBACK),
            server.bootstrap(LOOPBACK).localAddress(LOOPBACK).bind(),
            server.bootstrap(LOOPBACK).clone().bind(LOOPBACK),
            server.bootstrap(LOOPBACK).register().sync().channel().bind(LOOPBACK),
        }) {
            Channel channel = bound.sync().channel();
            assertThat(channel.isActive()).isTrue();
            assertThat(Greeter.ask(channel.localAddress())).isEqualTo("hello");
            channel.close().sync();
            assertThat(channel.isOpen()).isFalse();
            assertThat(channel.isActive()).isFalse();
        }
    }

    @Test
    void shouldApplyHandlersOptionsAndAttributes() throws Exception {
        BlockingQueue<SocketChannel> accepted = new LinkedBlockingQueue<>();
        BlockingQueue<String> events = new LinkedBlockingQueue<>();
        ServerSocketChannel listener = (ServerSocketChannel) new GracefulBootstrap(server.graceful)
                .group(server.boss, server.workers)
                .channelFactory(EpollServerSocketChannel::new)
                .option(ChannelOption.SO_BACKLOG, 7)
                .option(ChannelOption.SO_RCVBUF, 50_000)
                .attr(KEY, "of the listener")
                .childOption(ChannelOption.TCP_NODELAY, false)
                .childAttr(KEY, "of the child")
                .handler(new ChannelInitializer<ServerSocketChannel>() {
                    @Override
                    protected void initChannel(ServerSocketChannel channel) {
                        channel.pipeline().addLast(new Recorder(events));
                    }
                })
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        accepted.add(channel);
                    }
                })
                .bind(LOOPBACK)
                .sync()
                .channel();
        assertThat(listener.config().getBacklog()).isEqualTo(7);
        assertThat(listener.config().getReceiveBufferSize()).isGreaterThanOrEqualTo(50_000);
        try (Socket client = Greeter.connect(listener.localAddress())) {
            SocketChannel child = accepted.poll(10, TimeUnit.SECONDS);
            assertThat(child).isInstanceOf(EpollSocketChannel.class);
            assertThat(child.config().isTcpNoDelay()).isFalse();
            assertThat(child.attr(KEY).get()).isEqualTo("of the child");
            assertThat(child.parent().attr(KEY).get()).isEqualTo("of the listener");
            listener.attr(KEY).set("changed");
            assertThat(child.parent().attr(KEY).get()).isEqualTo("changed");
            assertThat(child.remoteAddress().getPort()).isEqualTo(client.getLocalPort());
            child.close().sync();
        }
        listener.close().sync();
        assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("active");
        assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("accepted");
        assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("inactive");
    }

    @Test
    void shouldPauseAndResumeByAutoRead() throws Exception {
        Channel listener = server.bootstrap(LOOPBACK)
                .option(ChannelOption.AUTO_READ, false)
                .bind(LOOPBACK)
                .sync()
                .channel();
        try (Socket first = Greeter.connect(listener.localAddress());
                Socket second = Greeter.connect(listener.localAddress())) {
            assertThat(server.graceful.runtime().parts().connections().open()).isEmpty();
            listener.read();
            assertThat(Greeter.read(first.getInputStream())).isEqualTo("hello");
            listener.config().setAutoRead(true);
            assertThat(Greeter.read(second.getInputStream())).isEqualTo("hello");
        }
    }

    @Test
    void shouldFailLikeAServerBootstrapWhenSomethingIsMissing() {
        assertThatThrownBy(() -> new GracefulBootstrap(server.graceful).bind(0))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("group not set");
        ServerBootstrap twice = new GracefulBootstrap(server.graceful).group(server.boss);
        assertThatThrownBy(() -> twice.group(server.workers))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("group set already");
    }

    @Test
    @SuppressWarnings("deprecation") // what most servers use
    void shouldUseEpollWhereTheCodeNamesNioAndEndItWithTheNioGroups() throws Exception {
        EventLoopGroup boss = new NioEventLoopGroup(1);
        EventLoopGroup workers = new NioEventLoopGroup(2);
        BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
        Channel listener = new GracefulBootstrap(server.graceful)
                .group(boss, workers)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        accepted.add(channel);
                    }
                })
                .bind(LOOPBACK)
                .sync()
                .channel();
        EventLoopGroup used = listener.eventLoop().parent();
        try (Socket client = Greeter.connect(listener.localAddress())) {
            assertThat(accepted.poll(10, TimeUnit.SECONDS)).isInstanceOf(EpollSocketChannel.class);
            assertThat(client.isConnected()).isTrue();
        }
        listener.close().sync();
        boss.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
        workers.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
        assertThat(used.terminationFuture().await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    @SuppressWarnings("deprecation") // the group that both Netty lines have
    void shouldLeaveTransportsAloneThatItDoesNotKnow() throws Exception {
        EventLoopGroup local = new io.netty.channel.DefaultEventLoopGroup(1);
        Channel listener = new GracefulBootstrap(server.graceful)
                .group(local)
                .channel(LocalServerChannel.class)
                .childHandler(new ChannelInboundHandlerAdapter())
                .bind(new LocalAddress("GracefulBootstrapTest"))
                .sync()
                .channel();
        assertThat(listener).isInstanceOf(LocalServerChannel.class);
        listener.close().sync();
        local.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }

    private static final class Recorder extends ChannelInboundHandlerAdapter {
        private final BlockingQueue<String> events;

        Recorder(BlockingQueue<String> events) {
            this.events = events;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            events.add("active");
            context.fireChannelActive();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            events.add("accepted");
            context.fireChannelRead(message);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            events.add("inactive");
            context.fireChannelInactive();
        }
    }
}
