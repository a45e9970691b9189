// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulBootstrap;
import io.github.gracefulnetty.examples.http.HttpInitializer;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetSocketAddress;

/** A server as they are all written, with one word changed. What it prints, and its answers, are for the tests. */
final class ZeroCodeServer {
    private ZeroCodeServer() {}

    /** Argument: the port. */
    @SuppressWarnings("deprecation") // most servers are written so
    public static void main(String... arguments) throws Exception {
        EventLoopGroup boss = new NioEventLoopGroup(1);
        EventLoopGroup workers = new NioEventLoopGroup();
        try {
            ServerBootstrap bootstrap = new GracefulBootstrap();
            bootstrap
                    .group(boss, workers)
                    .channel(NioServerSocketChannel.class)
                    .option(ChannelOption.SO_BACKLOG, 200)
                    .childOption(ChannelOption.TCP_NODELAY, true)
                    .childHandler(new ChannelInitializer<SocketChannel>() {
                        @Override
                        protected void initChannel(SocketChannel channel) {
                            channel.pipeline()
                                    .addLast(new HttpInitializer(
                                            Graceful.processWide().generation()));
                        }
                    });
            Channel channel = bootstrap
                    .bind("127.0.0.1", Integer.parseInt(arguments[0]))
                    .sync()
                    .channel();
            print("READY", ((InetSocketAddress) channel.localAddress()).getPort());
            channel.closeFuture().sync();
        } finally {
            boss.shutdownGracefully();
            workers.shutdownGracefully();
        }
        print("RETURNED", 0);
    }

    private static void print(String word, int port) {
        System.out.println(word + " pid=" + ProcessHandle.current().pid() + " generation="
                + Graceful.processWide().generation() + " address=127.0.0.1:" + port);
    }
}
