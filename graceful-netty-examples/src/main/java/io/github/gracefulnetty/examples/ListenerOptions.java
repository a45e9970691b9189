// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A server with one listener on 127.0.0.1, for examples that are about its connections. */
public final class ListenerOptions {
    /** What the server of one process does of its own. */
    public interface Server {
        /**
         * Called once, before this process is ready.
         *
         * @return what initialises an accepted connection, and one that has moved here
         */
        ChannelHandler connections(Graceful graceful, EventLoopGroup loops) throws Exception;

        /** Called when no connection is left here, while the loops still run. */
        default void end() throws Exception {}
    }

    @Option(names = "--port", paramLabel = "PORT", required = true, description = "TCP port, 0 for any free one.")
    private int port;

    @Option(names = "--handoff", paramLabel = "PATH", description = "Where a second copy finds this process.")
    private @Nullable Path handoff;

    /** Serves until it is replaced, by HUP or by a second copy, or told to stop. */
    @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
    public int serve(Server server) throws Exception {
        Graceful.Builder builder = Graceful.builder().upgradeOnSignal("HUP").stopOnSignal("TERM", "INT");
        if (handoff != null) {
            builder.handoffPath(handoff);
        }
        Graceful graceful = builder.build();
        EventLoopGroup loops = new EpollEventLoopGroup();
        try {
            Channel listener = new GracefulBootstrap(graceful)
                    .group(loops)
                    .channel(EpollServerSocketChannel.class)
                    .childHandler(server.connections(graceful, loops))
                    .bind("127.0.0.1", port)
                    .sync()
                    .channel();
            graceful.ready().join(); // from here on connections move here
            System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                    + " address=127.0.0.1:" + ((InetSocketAddress) listener.localAddress()).getPort());
            graceful.awaitExit();
            server.end();
            return 0;
        } catch (Exception e) {
            graceful.stop().handle((report, failure) -> report).join(); // nothing is left behind
            throw e;
        } finally {
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }
}
