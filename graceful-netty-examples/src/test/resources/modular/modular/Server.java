// SPDX-License-Identifier: Apache-2.0
package modular;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.nio.charset.StandardCharsets;

/** Tells its generation to everybody who connects. HUP upgrades it, TERM stops it. Only the library names epoll. */
public final class Server {
    private Server() {}

    @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
    public static void main(String... arguments) throws Exception {
        Graceful graceful =
                Graceful.builder().upgradeOnSignal("HUP").stopOnSignal("TERM").build();
        EventLoopGroup group = new NioEventLoopGroup(1);
        Channel server = new GracefulBootstrap(graceful)
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel connection) {
                        String answer = "generation " + graceful.generation() + " of "
                                + Server.class.getModule().getName();
                        connection
                                .writeAndFlush(Unpooled.copiedBuffer(answer, StandardCharsets.US_ASCII))
                                .addListener(ChannelFutureListener.CLOSE);
                    }
                })
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
        graceful.ready().join();
        String address = server.localAddress().toString();
        System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                + " address=" + address.substring(1));
        graceful.awaitExit();
        group.shutdownGracefully();
    }
}
