// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.DescriptorGate;
import io.github.gracefulnetty.epoll.EpollTransport;
import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.descriptor.OwnedDescriptor;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** An inherited socket has connections in its queue when it is bound. */
@ExtendWith(DescriptorGate.class)
class AcceptorRaceTest {
    @Test
    void shouldAnswerEveryConnectionThatWaitedWhileTheBossLoopWasBusy() throws Exception {
        EpollTransport transport = new EpollTransport();
        EventLoopGroup loops = transport.newGroup(1, new DefaultThreadFactory("boss"));
        io.netty.channel.unix.Socket inherited = io.netty.channel.unix.Socket.newSocketStream();
        inherited.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        inherited.listen(128);
        InetSocketAddress address = inherited.localAddress();
        ListenerRegister register = new ListenerRegister(transport, AcceptedConnections.UNTRACKED, () -> {});
        register.inherit(List.of(new Inherited(
                -1,
                new Description(DescriptorKind.TCP_LISTENER, StandardProtocolFamily.INET, "", address, null, null),
                Bytes.NONE,
                new OwnedDescriptor(inherited))));
        register.accept(true);
        List<Socket> waiting = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            waiting.add(new Socket(address.getAddress(), address.getPort()));
        }

        CountDownLatch idle = new CountDownLatch(1);
        loops.execute(() -> await(idle));
        ChannelFuture bound = new ServerBootstrap()
                .group(loops)
                .channelFactory(() -> LateBindingChannels.create(
                        register, DescriptorKind.TCP_LISTENER, EpollServerSocketChannel::new))
                .childHandler(new Answer())
                .bind(address);
        idle.countDown();

        assertThat(bound.sync().channel().localAddress())
                .as("bind on a bound socket")
                .isEqualTo(address);
        for (Socket socket : waiting) {
            try (socket) {
                socket.setSoTimeout(20_000);
                assertThat(socket.getInputStream().readAllBytes()).containsExactly(1);
            }
        }
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Sharable
    private static final class Answer extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext context) {
            context.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {1})).addListener(ChannelFutureListener.CLOSE);
        }
    }
}
