// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.handoff.ReceivedDescriptor;
import io.github.gracefulnetty.handoff.Receiver;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Receives again and again: while it may open no descriptor at all, then one, then two, and so on. */
@SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
final class ScarceReceiver {
    private ScarceReceiver() {}

    /** Arguments: the directory of steps, the path, how many may be free at most, {@code path|connection}. */
    public static void main(String... arguments) throws Exception {
        Steps steps = new Steps(Path.of(arguments[0]));
        OwnDescriptors.warmUp(steps.directory());
        Path path = Path.of(arguments[1]);
        boolean byHand = arguments[3].equals("connection");
        EventLoopGroup loop = new EpollEventLoopGroup(1);
        Steps.done("start");
        steps.await("receive");
        for (int free = 0; free <= Integer.parseInt(arguments[2]); free++) {
            Channel connection = byHand ? connect(loop, path) : null;
            try (OwnDescriptors own = new OwnDescriptors()) {
                own.leave(free);
                Receiver receiver = connection == null ? Receiver.from(path) : Receiver.on(connection);
                System.out.println("FREE " + free + " " + receive(receiver));
            }
            if (connection != null) {
                connection.close().sync();
            }
        }
        loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
        Steps.done("receive");
        steps.await("end");
    }

    private static Channel connect(EventLoopGroup loop, Path path) throws InterruptedException {
        return new Bootstrap()
                .group(loop)
                .channel(EpollDomainSocketChannel.class)
                .handler(new ChannelInboundHandlerAdapter())
                .connect(new DomainSocketAddress(path.toString()))
                .sync()
                .channel();
    }

    private static String receive(Receiver receiver) throws InterruptedException {
        List<ReceivedDescriptor> received = new ArrayList<>();
        try {
            return "RECEIVED " + receiver.receiveBlocking((descriptor, metadata) -> received.add(descriptor));
        } catch (HandoffException e) {
            return "NOT RECEIVED: " + e.getMessage();
        } finally {
            received.forEach(ReceivedDescriptor::close);
        }
    }
}
