// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.web;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The {@code web} example: each new copy takes over from the one before, which answers what it has begun and exits. */
@Command(
        name = "web",
        description = "A web server on 127.0.0.1. To replace it, start another one with the same options.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class WebCommand implements Callable<Integer> {
    @Option(names = "--port", paramLabel = "PORT", defaultValue = "8080", description = "0 for any; ${DEFAULT-VALUE}")
    private int port;

    @Option(names = "--path", paramLabel = "PATH", required = true, description = "Where the next copy finds this one.")
    private Path path = Path.of("");

    /** What this throws ends the process, see {@code Main}; the copy that it was to replace serves on. */
    @Override
    @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
    public Integer call() throws Exception {
        Graceful graceful = Graceful.builder()
                .handoffPath(path) // receives the listener from the copy that runs, if one does
                .stopOnSignal("TERM", "INT")
                .build();
        EventLoopGroup loops = new EpollEventLoopGroup();
        try {
            String page = ProcessHandle.current().pid() + " " + graceful.generation() + "\n";
            Channel listener = new GracefulBootstrap(graceful)
                    .group(loops)
                    .channel(EpollServerSocketChannel.class)
                    .childHandler(new ChannelInitializer<SocketChannel>() {
                        @Override
                        protected void initChannel(SocketChannel channel) {
                            channel.pipeline()
                                    .addLast(new HttpServerCodec(), new HttpServerKeepAliveHandler())
                                    .addLast(new HttpObjectAggregator(1 << 16), new PageHandler(page));
                        }
                    })
                    .bind("127.0.0.1", port)
                    .sync()
                    .channel();
            graceful.ready().join(); // from here on the other copy drains
            System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                    + " address=127.0.0.1:" + ((InetSocketAddress) listener.localAddress()).getPort());
            graceful.awaitExit(); // until the next copy is ready, or TERM
            return 0;
        } finally {
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }
}
