// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulBootstrap;
import io.github.gracefulnetty.GracefulDatagramBootstrap;
import io.github.gracefulnetty.examples.http.HttpInitializer;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Hands over some of everything: TCP, unix and UDP sockets, a file, and states that are larger than what a connection takes
 * at once. Argument: the directory for its paths.
 */
final class LadenServer {
    private static final int STATE = 3_000_000;

    private LadenServer() {}

    @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
    public static void main(String... arguments) throws Exception {
        Path directory = Path.of(arguments[0]);
        Graceful graceful = Graceful.builder()
                .handoffPath(directory.resolve("handoff.sock"))
                .upgradeOnSignal("HUP")
                .stopOnSignal("TERM")
                .build();
        EventLoopGroup group = new EpollEventLoopGroup(2);
        try (FileChannel file = file(graceful, directory.resolve("file"))) {
            graceful.handOverFile("file", file);
            for (String name : new String[] {"small", "large"}) {
                byte[] state = state(graceful, name);
                graceful.handOverState(name, () -> state);
            }
            InetSocketAddress tcp = (InetSocketAddress) new GracefulBootstrap(graceful)
                    .group(group)
                    .channel(EpollServerSocketChannel.class)
                    .childHandler(new HttpInitializer(graceful.generation()))
                    .bind("127.0.0.1", 0)
                    .sync()
                    .channel()
                    .localAddress();
            new GracefulBootstrap(graceful)
                    .group(group)
                    .channel(EpollServerDomainSocketChannel.class)
                    .childHandler(new HttpInitializer(graceful.generation()))
                    .bind(new DomainSocketAddress(
                            directory.resolve("server.sock").toString()))
                    .sync();
            new GracefulDatagramBootstrap(graceful)
                    .group(group)
                    .channel(EpollDatagramChannel.class)
                    .handler(new ChannelInboundHandlerAdapter())
                    .bind(new InetSocketAddress("127.0.0.1", 0))
                    .sync();
            graceful.ready().join();
            System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                    + " address=127.0.0.1:" + tcp.getPort());
            graceful.awaitExit();
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    private static FileChannel file(Graceful graceful, Path path) throws Exception {
        return graceful.generation() == 1
                ? FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)
                : graceful.inheritedFile("file").orElseThrow();
    }

    private static byte[] state(Graceful graceful, String name) {
        byte[] expected = new byte[name.equals("large") ? STATE : 100];
        Arrays.fill(expected, (byte) name.charAt(0));
        if (graceful.generation() > 1
                && !Arrays.equals(expected, graceful.inheritedState(name).orElseThrow())) {
            throw new AssertionError("the state '" + name + "' has come as another one");
        }
        return expected;
    }
}
