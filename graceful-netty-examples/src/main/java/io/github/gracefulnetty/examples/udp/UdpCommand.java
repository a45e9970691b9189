// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.udp;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulDatagramBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The {@code udp} example: answers each datagram with its own bytes and the number of its generation. */
@Command(
        name = "udp",
        description = "A UDP echo server. HUP, or a second copy with the same --handoff, replaces it.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class UdpCommand implements Callable<Integer> {
    private static final int MAX_DATAGRAM = 2048;
    private static final int AT_ONCE = 32;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--port", paramLabel = "PORT", required = true, description = "UDP port, 0 for any free one.")
    private int port;

    @Option(names = "--host", paramLabel = "HOST", defaultValue = "127.0.0.1", description = "${DEFAULT-VALUE}")
    private String host = "";

    @Option(names = "--handoff", paramLabel = "PATH", description = "Where a second copy finds this process.")
    private @Nullable Path handoff;

    @Option(
            names = "--receive-buffer",
            paramLabel = "BYTES",
            defaultValue = "4194304",
            description = "What the kernel may keep for us, at most net.core.rmem_max; ${DEFAULT-VALUE}")
    private int receiveBuffer;

    @Override
    @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
    public Integer call() throws Exception {
        Graceful.Builder builder = Graceful.builder().upgradeOnSignal("HUP").stopOnSignal("TERM", "INT");
        if (handoff != null) {
            builder.handoffPath(handoff);
        }
        Graceful graceful = builder.build();
        EventLoopGroup loops = new EpollEventLoopGroup(1);
        try {
            Channel socket = new GracefulDatagramBootstrap(graceful)
                    .group(loops)
                    .channel(EpollDatagramChannel.class)
                    .option(ChannelOption.SO_RCVBUF, receiveBuffer) // a new JVM takes time from the old one
                    // Many datagrams with one system call.
                    .option(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, MAX_DATAGRAM)
                    .option(ChannelOption.RCVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(AT_ONCE * MAX_DATAGRAM))
                    .handler(new UdpEcho(graceful.generation()))
                    .bind(new InetSocketAddress(host, port))
                    .sync()
                    .channel();
            graceful.ready().join();
            InetSocketAddress address = (InetSocketAddress) socket.localAddress();
            Objects.requireNonNull(spec, "picocli sets it")
                    .commandLine()
                    .getOut()
                    .println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                            + " address=" + address.getAddress().getHostAddress() + ":" + address.getPort());
            graceful.awaitExit();
            return 0;
        } catch (Exception e) {
            graceful.stop().handle((report, failure) -> report).join(); // nothing is left behind
            throw e;
        } finally {
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }
}
