// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.handoff.DescriptorServer;
import io.github.gracefulnetty.handoff.Offer;
import io.github.gracefulnetty.handoff.Offering;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Offers descriptors, each with the port as metadata that tells it from the others: of the listener, of the UDP socket, or
 * of the connection's client. Steps: open, offer, stop, close, end.
 */
@SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
final class HandoffSender {
    private final EventLoopGroup loops = new EpollEventLoopGroup(1);
    private final List<Channel> channels = new ArrayList<>();
    private final List<Offer> offers = new ArrayList<>();
    private final int bytesOfMetadata;

    private HandoffSender(int bytesOfMetadata) {
        this.bytesOfMetadata = bytesOfMetadata;
    }

    /** Arguments: the directory of steps, the path, {@code listeners|udp|connections}, how many, bytes of metadata. */
    public static void main(String... arguments) throws Exception {
        Steps steps = new Steps(Path.of(arguments[0]));
        OwnDescriptors.warmUp(steps.directory());
        Steps.done("start");
        steps.await("open");
        HandoffSender sender = new HandoffSender(Integer.parseInt(arguments[4]));
        int count = Integer.parseInt(arguments[3]);
        switch (arguments[2]) {
            case "listeners" -> sender.openListeners(count);
            case "udp" -> sender.openUdp(count);
            case "connections" -> sender.accept(count);
            default -> throw new IllegalArgumentException(arguments[2]);
        }
        Steps.done("open");
        steps.await("offer");
        DescriptorServer server = DescriptorServer.listen(Path.of(arguments[1]), sender::offer);
        Steps.done("offer");
        steps.await("stop");
        server.close();
        Steps.done("stop");
        steps.await("close");
        sender.close();
        Steps.done("close");
        steps.await("end");
    }

    private void offer(Offering to) {
        System.out.println("OFFERED to " + to.receiverPid());
        offers.forEach(to::add);
        to.received()
                .whenComplete((nothing, failure) ->
                        System.out.println(failure == null ? "SENT" : "NOT SENT: " + failure.getMessage()));
    }

    private void openListeners(int count) throws InterruptedException {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops)
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .childHandler(new ChannelInboundHandlerAdapter());
        List<ChannelFuture> bound = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            bound.add(bootstrap.bind("127.0.0.1", 0));
        }
        for (ChannelFuture future : bound) {
            Channel channel = future.sync().channel();
            add(channel, Offer.listener(channel), (InetSocketAddress) channel.localAddress());
        }
    }

    private void openUdp(int count) throws InterruptedException {
        Bootstrap bootstrap = new Bootstrap().group(loops).channel(EpollDatagramChannel.class);
        for (int i = 0; i < count; i++) {
            bootstrap.handler(new ChannelInboundHandlerAdapter());
            Channel channel = bootstrap.bind("127.0.0.1", 0).sync().channel();
            add(channel, Offer.datagram(channel), (InetSocketAddress) channel.localAddress());
        }
    }

    private void accept(int count) throws InterruptedException {
        BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
        Channel listener = new ServerBootstrap()
                .group(loops)
                .channel(EpollServerSocketChannel.class)
                .childOption(ChannelOption.AUTO_READ, false)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accepted.add(channel);
                    }
                })
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
        System.out.println("LISTENING " + ((InetSocketAddress) listener.localAddress()).getPort());
        for (int i = 0; i < count; i++) {
            Channel channel = accepted.take();
            add(channel, Offer.connection(channel), (InetSocketAddress) channel.remoteAddress());
        }
        listener.close().sync();
    }

    private void add(Channel channel, Offer offer, InetSocketAddress address) {
        channels.add(channel);
        byte[] metadata =
                ByteBuffer.allocate(bytesOfMetadata).putInt(address.getPort()).array();
        // Many times the most metadata would be more than this process may have.
        offers.add(offers.isEmpty() || bytesOfMetadata == Integer.BYTES ? offer.with(metadata) : offers.get(0));
    }

    private void close() throws InterruptedException {
        for (Channel channel : channels) {
            channel.close().sync();
        }
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }
}
