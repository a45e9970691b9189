// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.DescriptorGate;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** More descriptors than may be on their way at the same time. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
@SuppressWarnings("deprecation") // the group that both Netty lines have
class ManyDescriptorsTest {
    @TempDir
    private Path directory;

    private final EventLoopGroup loop = new EpollEventLoopGroup(1);
    private final List<Channel> sockets = new ArrayList<>();

    @AfterEach
    void close() {
        sockets.forEach(socket -> socket.close().syncUninterruptibly());
        loop.shutdownGracefully(50, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    @Test
    void shouldGiveAllOfThemInOrderWhateverTheirNumber() throws Exception {
        int[] numbers = {
            1,
            MessageCodec.STEP - 1,
            MessageCodec.STEP,
            MessageCodec.STEP + 1,
            MessageCodec.WINDOW,
            MessageCodec.WINDOW + 1,
            5 * MessageCodec.WINDOW + 7
        };
        for (int number : numbers) {
            List<String> received = new ArrayList<>();
            try (DescriptorServer server = DescriptorServer.listen(directory.resolve("handoff"), offers(number))) {
                int count = Receiver.from(server.path()).receiveBlocking((descriptor, metadata) -> {
                    received.add(descriptor.name() + " " + descriptor.localAddress());
                    descriptor.close();
                });
                assertThat(count).isEqualTo(number);
            }
            List<String> sent = new ArrayList<>();
            for (int i = 0; i < number; i++) {
                sent.add(i + " " + sockets.get(i).localAddress());
            }
            assertThat(received).isEqualTo(sent);
        }
    }

    @Test
    void shouldRegisterThemWithASingleLoop() throws Exception {
        int number = 2 * MessageCodec.WINDOW;
        BlockingQueue<Channel> active = new LinkedBlockingQueue<>();
        @ChannelHandler.Sharable
        final class Active extends ChannelInboundHandlerAdapter {
            @Override
            public void channelActive(ChannelHandlerContext context) {
                active.add(context.channel());
            }
        }
        // A loop is a group of one, as in bootstrap.group(channel.eventLoop()).
        Bootstrap bootstrap = new Bootstrap().group(loop.next()).handler(new Active());
        try (DescriptorServer server = DescriptorServer.listen(directory.resolve("handoff"), offers(number))) {
            Receiver.from(server.path()).receiveBlocking((descriptor, metadata) -> descriptor.register(bootstrap));
        }
        for (int i = 0; i < number; i++) {
            Channel channel = active.take();
            assertThat(channel.localAddress()).isEqualTo(sockets.get(i).localAddress());
            channel.close().sync();
        }
    }

    private Offerer offers(int number) throws InterruptedException {
        List<Offer> offers = new ArrayList<>();
        Bootstrap bootstrap =
                new Bootstrap().group(loop).channel(EpollDatagramChannel.class).handler(new Nothing());
        for (int i = 0; i < number; i++) {
            if (i == sockets.size()) {
                sockets.add(bootstrap.bind("127.0.0.1", 0).sync().channel());
            }
            offers.add(Offer.datagram(sockets.get(i)).named(Integer.toString(i)));
        }
        return Offerer.of(offers.toArray(Offer[]::new));
    }

    @ChannelHandler.Sharable
    private static final class Nothing extends ChannelInboundHandlerAdapter {}
}
