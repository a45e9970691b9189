// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;

/** Answers each packet with the number of its generation, on a listener for sequenced packets that it was given. */
final class UnixpacketServer {
    private UnixpacketServer() {}

    /** Argument: the path. */
    @SuppressWarnings("deprecation") // the group that both Netty lines have
    public static void main(String... arguments) throws Exception {
        Graceful graceful =
                Graceful.builder().upgradeOnSignal("HUP").stopOnSignal("TERM").build();
        EventLoopGroup loops = new EpollEventLoopGroup(1);
        new GracefulBootstrap(graceful)
                .group(loops)
                .childHandler(new Answer(graceful.generation()))
                .listen("unixpacket", arguments[0])
                .sync();
        graceful.ready().join();
        System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                + " address=unix:" + arguments[0]);
        graceful.awaitExit();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    @Sharable
    private static final class Answer extends ChannelInboundHandlerAdapter {
        private final int generation;

        Answer(int generation) {
            this.generation = generation;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
            context.writeAndFlush(Unpooled.copiedBuffer("generation " + generation, US_ASCII));
        }
    }
}
