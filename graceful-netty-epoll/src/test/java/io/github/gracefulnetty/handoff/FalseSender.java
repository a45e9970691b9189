// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Listens where a sender would, welcomes the receiver, and then says and sends what a test likes. */
@SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
final class FalseSender implements AutoCloseable {
    /** What is said and sent to a receiver that has opened both connections. On the event loop. */
    interface Script {
        void play(Channel bytes, Channel lane) throws Exception;
    }

    private final EventLoopGroup loop = new EpollEventLoopGroup(1);
    private final Channel listener;
    // Not left to the loop: Netty 4.2 forgets those that their peers close while it shuts down.
    private final Set<Channel> connections = ConcurrentHashMap.newKeySet();
    private final BlockingQueue<Message> heard = new LinkedBlockingQueue<>();

    FalseSender(Path path, Script script) {
        listener = new ServerBootstrap()
                .group(loop)
                .channel(EpollServerDomainSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    private @Nullable Channel bytes;

                    @Override
                    protected void initChannel(Channel channel) {
                        connections.add(channel);
                        channel.pipeline().addLast(new MessageHandler(), new SimpleChannelInboundHandler<Message>() {
                            @Override
                            protected void channelRead0(ChannelHandlerContext context, Message message)
                                    throws Exception {
                                if (message instanceof Message.Hello) {
                                    bytes = channel;
                                    channel.writeAndFlush(
                                            new Message.Welcome(MessageCodec.VERSION, 4711, 0, Token.NONE, 10_000));
                                } else if (message instanceof Message.Attach) {
                                    script.play(Objects.requireNonNull(bytes, "no Hello"), channel);
                                } else {
                                    heard.add(message);
                                }
                            }
                        });
                    }
                })
                .bind(new DomainSocketAddress(path.toString()))
                .syncUninterruptibly()
                .channel();
    }

    /** Sends a descriptor the way that senders do. */
    static void send(Channel lane, Socket socket) throws IOException {
        if (((Socket) ((UnixChannel) lane).fd()).sendFd(socket.intValue()) <= 0) {
            throw new IOException("no room");
        }
    }

    /** The announcement of a UDP socket. */
    static Message.Descriptor announcement(int index, Socket socket) {
        StandardProtocolFamily family =
                Socket.isIPv6Preferred() ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
        Description description =
                new Description(DescriptorKind.UDP, family, "udp" + index, socket.localAddress(), null, null);
        return new Message.Descriptor(index, description, Bytes.NONE);
    }

    /** What the receiver says next. */
    <T extends Message> T hear(Class<T> type) throws InterruptedException {
        Message message = heard.poll(30, TimeUnit.SECONDS);
        if (!type.isInstance(message)) {
            throw new AssertionError("expected a " + type.getSimpleName() + ", heard " + message);
        }
        return type.cast(message);
    }

    /** Why the receiver has ended it, after anything else that it says. */
    String hearReason() throws InterruptedException {
        while (true) {
            Message message = heard.poll(30, TimeUnit.SECONDS);
            if (message == null) {
                throw new AssertionError("the receiver gave no reason");
            }
            if (message instanceof Message.Abort abort) {
                return abort.reason();
            }
        }
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        connections.forEach(connection -> connection.close().syncUninterruptibly());
        loop.shutdownGracefully(50, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }
}
