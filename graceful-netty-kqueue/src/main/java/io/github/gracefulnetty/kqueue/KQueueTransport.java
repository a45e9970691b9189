// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.kqueue;

import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.github.gracefulnetty.internal.transport.NativeTransports;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.SocketFacts;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.kqueue.KQueue;
import io.netty.channel.kqueue.KQueueChannelOption;
import io.netty.channel.kqueue.KQueueDatagramChannel;
import io.netty.channel.kqueue.KQueueDomainDatagramChannel;
import io.netty.channel.kqueue.KQueueDomainSocketChannel;
import io.netty.channel.kqueue.KQueueEventLoopGroup;
import io.netty.channel.kqueue.KQueueServerDomainSocketChannel;
import io.netty.channel.kqueue.KQueueServerSocketChannel;
import io.netty.channel.kqueue.KQueueSocketChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.PeerCredentials;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * macOS: {@code kqueue}. All kinds of sockets that Netty has public constructors for can be handed over:
 *
 * <ul>
 *   <li>TCP listeners, and TCP and unix stream connections.
 *   <li>UDP sockets. The new channel knows both addresses; {@code isConnected()} is {@code false} even if the socket is
 *       connected, which has no effect on reading and writing.
 *   <li>Unix datagram sockets. The new channel is active, but {@code localAddress()}, {@code remoteAddress()} and the
 *       recipient of a packet that it receives are {@code null}: Netty does not ask the kernel for them.
 * </ul>
 *
 * Unix listeners cannot: Netty's {@code KQueueServerDomainSocketChannel} never becomes active on a descriptor that it
 * did not bind itself. Unix sockets for sequenced packets do not exist on macOS.
 */
public final class KQueueTransport implements NativeTransport {
    private static final String HANDLE = "io.netty.channel.kqueue.KQueueIoHandle";

    @SuppressWarnings("deprecation") // concerns the channel's read buffers only, as long as Netty has it
    private static final ChannelOption<?> BUFFER_GUESS = KQueueChannelOption.RCV_ALLOC_TRANSPORT_PROVIDES_GUESS;

    @Override
    public String name() {
        return "kqueue";
    }

    @Override
    public @Nullable Throwable unavailabilityCause() {
        return KQueue.unavailabilityCause();
    }

    @Override
    @SuppressWarnings("deprecation") // the only group that both Netty lines have
    public boolean drives(EventLoopGroup group) {
        return group instanceof KQueueEventLoopGroup || NativeTransports.isIoGroupFor(group, HANDLE);
    }

    @Override
    public boolean drives(EventLoop loop) {
        // Netty 4.1 keeps its loop class to itself, but a loop knows its group.
        EventLoopGroup parent = loop.parent();
        return NativeTransports.isIoGroupFor(loop, HANDLE) || (parent != null && parent != loop && drives(parent));
    }

    @Override
    @SuppressWarnings("deprecation") // the only group that both Netty lines have
    public EventLoopGroup newGroup(int threads, ThreadFactory threadFactory) throws IOException {
        return NativeCalls.call(() -> new KQueueEventLoopGroup(threads, threadFactory));
    }

    @Override
    public boolean isOfKind(Channel channel, DescriptorKind kind) {
        return switch (kind) {
            case TCP_LISTENER -> channel instanceof KQueueServerSocketChannel;
            case UNIX_LISTENER -> channel instanceof KQueueServerDomainSocketChannel;
            case TCP_CONNECTION -> channel instanceof KQueueSocketChannel;
            case UNIX_CONNECTION -> channel instanceof KQueueDomainSocketChannel;
            case UDP -> channel instanceof KQueueDatagramChannel;
            case UNIX_DATAGRAM -> channel instanceof KQueueDomainDatagramChannel;
            case UNIXPACKET_LISTENER, UNIXPACKET_CONNECTION, FILE, PIPE, OTHER -> false;
        };
    }

    /** A TCP listener is always of the family that the machine prefers, a UDP socket may be of either. */
    @Override
    public Channel open(DescriptorKind kind, @Nullable StandardProtocolFamily family) throws IOException {
        return NativeCalls.call(() -> opened(kind, family));
    }

    private static Channel opened(DescriptorKind kind, @Nullable StandardProtocolFamily family) {
        return switch (kind) {
            case TCP_LISTENER -> tcpListener(family);
            case UDP -> udp(family);
            case UNIX_LISTENER -> new KQueueServerDomainSocketChannel();
            case UNIX_DATAGRAM -> new KQueueDomainDatagramChannel();
            default -> throw new UnsupportedOperationException("kqueue cannot open a " + kind + " socket to bind it");
        };
    }

    private static Channel tcpListener(@Nullable StandardProtocolFamily family) {
        if (family != null) {
            throw new UnsupportedOperationException("kqueue cannot open a TCP listener of the family " + family
                    + ": Netty's KQueueServerSocketChannel has no public constructor that takes one");
        }
        return new KQueueServerSocketChannel();
    }

    @SuppressWarnings("deprecation") // the only family that both Netty lines have
    private static Channel udp(@Nullable StandardProtocolFamily family) {
        if (family == null) {
            return new KQueueDatagramChannel();
        }
        return new KQueueDatagramChannel(
                family == StandardProtocolFamily.INET6 ? InternetProtocolFamily.IPv6 : InternetProtocolFamily.IPv4);
    }

    @Override
    public boolean canAdopt(DescriptorKind kind) {
        return switch (kind) {
            case TCP_LISTENER, TCP_CONNECTION, UNIX_CONNECTION, UDP, UNIX_DATAGRAM -> true;
            case UNIX_LISTENER, UNIXPACKET_LISTENER, UNIXPACKET_CONNECTION, FILE, PIPE, OTHER -> false;
        };
    }

    @Override
    public Channel adopt(DescriptorKind kind, int descriptor) throws IOException {
        return NativeCalls.call(() -> adopted(kind, descriptor));
    }

    private static Channel adopted(DescriptorKind kind, int descriptor) {
        return switch (kind) {
            case TCP_LISTENER -> new KQueueServerSocketChannel(descriptor);
            case TCP_CONNECTION -> new KQueueSocketChannel(descriptor);
            case UNIX_CONNECTION -> new KQueueDomainSocketChannel(descriptor);
            case UDP -> new KQueueDatagramChannel(descriptor);
            case UNIX_DATAGRAM -> new KQueueDomainDatagramChannel(descriptor);
            case UNIX_LISTENER ->
                throw new UnsupportedOperationException("kqueue cannot adopt a unix listener: Netty's"
                        + " KQueueServerDomainSocketChannel becomes active only when it binds, and a descriptor that"
                        + " listens is bound already");
            case UNIXPACKET_LISTENER, UNIXPACKET_CONNECTION ->
                throw new UnsupportedOperationException(
                        "kqueue cannot adopt a " + kind + ": macOS has no unix sockets for sequenced packets");
            case FILE, PIPE, OTHER -> throw new UnsupportedOperationException("a " + kind + " is no channel of kqueue");
        };
    }

    @Override
    public boolean changesSocket(ChannelOption<?> option) {
        return !option.equals(BUFFER_GUESS);
    }

    @Override
    public Channel newConnection() throws IOException {
        return NativeCalls.call(KQueueDomainSocketChannel::new);
    }

    @Override
    public void receiveDescriptors(Channel connection) {
        ((KQueueDomainSocketChannel) connection).config().setReadMode(DomainSocketReadMode.FILE_DESCRIPTORS);
    }

    @Override
    public void switchReading(Channel connection, boolean descriptors) {
        unix(connection)
                .config()
                .setReadMode(descriptors ? DomainSocketReadMode.FILE_DESCRIPTORS : DomainSocketReadMode.BYTES);
    }

    private static KQueueDomainSocketChannel unix(Channel connection) {
        if (connection instanceof KQueueDomainSocketChannel unix) {
            return unix;
        }
        throw new IllegalArgumentException(
                "descriptors go over a unix connection of kqueue (KQueueDomainSocketChannel), not over a "
                        + connection.getClass().getSimpleName());
    }

    @Override
    public PeerCredentials peerCredentials(Channel connection) throws IOException {
        return unix(connection).peerCredentials();
    }

    /** Knows the kinds that can be adopted. A unix listener cannot be told from a socket that is not connected. */
    @Override
    public SocketFacts inspect(int descriptor) throws IOException {
        return DarwinSocket.inspect(descriptor);
    }
}
