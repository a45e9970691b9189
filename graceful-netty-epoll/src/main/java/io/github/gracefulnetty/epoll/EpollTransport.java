// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.epoll;

import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.github.gracefulnetty.internal.transport.NativeTransports;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.SocketFacts;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollDomainSocketChannelConfig;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollMode;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.PeerCredentials;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/** Linux: {@code epoll}. */
public final class EpollTransport implements NativeTransport {
    private static final String HANDLE = "io.netty.channel.epoll.EpollIoHandle";

    // From <sys/socket.h> and <linux/in.h>; Netty has no names for them.
    private static final int SOL_SOCKET = 1;
    private static final int SO_TYPE = 3;
    private static final int SO_ACCEPTCONN = 30;
    private static final int SO_PROTOCOL = 38;
    private static final int SO_DOMAIN = 39;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_SEQPACKET = 5;
    private static final int IPPROTO_TCP = 6;
    private static final int IPPROTO_UDP = 17;
    private static final int TCP_INFO = 11;
    private static final int TCP_FIN_WAIT1 = 4;
    private static final int TCP_LISTEN = 10;
    private static final int NOT_TCP = -1;
    private static final int AF_UNIX = 1;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;

    /** Left alone, Netty takes the number of a descriptor for a number of bytes, and reads one per wake-up. */
    private static final RecvByteBufAllocator SEVERAL_DESCRIPTORS =
            new FixedRecvByteBufAllocator(1).respectMaybeMoreData(false).maxMessagesPerRead(64);

    private static final FastThreadLocal<ByteBuffer> TCP_STATE = new FastThreadLocal<>() {
        @Override
        protected ByteBuffer initialValue() {
            return ByteBuffer.allocateDirect(1);
        }
    };

    @Override
    public String name() {
        return "epoll";
    }

    @Override
    public @Nullable Throwable unavailabilityCause() {
        return Epoll.unavailabilityCause();
    }

    @Override
    @SuppressWarnings("deprecation") // the only group that both Netty lines have
    public boolean drives(EventLoopGroup group) {
        return group instanceof EpollEventLoopGroup || NativeTransports.isIoGroupFor(group, HANDLE);
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
        return NativeCalls.call(new NewGroup(threads, threadFactory));
    }

    /** With a name, as {@link Adopted}: a process that starts makes lambdas of such shapes slowly. */
    private record NewGroup(int threads, ThreadFactory threadFactory) implements NativeCalls.Call<EventLoopGroup> {
        @Override
        @SuppressWarnings("deprecation") // the only group that both Netty lines have
        public EventLoopGroup make() {
            return new EpollEventLoopGroup(threads, threadFactory);
        }
    }

    @Override
    public boolean isOfKind(Channel channel, DescriptorKind kind) {
        return switch (kind) {
            case TCP_LISTENER -> channel instanceof EpollServerSocketChannel;
            case UNIX_LISTENER, UNIXPACKET_LISTENER -> channel instanceof EpollServerDomainSocketChannel;
            case TCP_CONNECTION -> channel instanceof EpollSocketChannel;
            case UNIX_CONNECTION, UNIXPACKET_CONNECTION -> channel instanceof EpollDomainSocketChannel;
            case UDP -> channel instanceof EpollDatagramChannel;
            case UNIX_DATAGRAM -> channel instanceof EpollDomainDatagramChannel;
            case FILE, PIPE, OTHER -> false;
        };
    }

    @Override
    public Channel open(DescriptorKind kind, @Nullable StandardProtocolFamily family) throws IOException {
        return NativeCalls.call(() -> opened(kind, family));
    }

    @SuppressWarnings("deprecation") // the only family that both Netty lines have
    private static Channel opened(DescriptorKind kind, @Nullable StandardProtocolFamily family) {
        InternetProtocolFamily version = family == null
                ? null
                : family == StandardProtocolFamily.INET6 ? InternetProtocolFamily.IPv6 : InternetProtocolFamily.IPv4;
        return switch (kind) {
            case TCP_LISTENER ->
                version == null ? new EpollServerSocketChannel() : new EpollServerSocketChannel(version);
            case UDP -> version == null ? new EpollDatagramChannel() : new EpollDatagramChannel(version);
            case UNIX_LISTENER -> new EpollServerDomainSocketChannel();
            case UNIX_DATAGRAM -> new EpollDomainDatagramChannel();
            default -> throw new UnsupportedOperationException("epoll cannot open a " + kind + " socket to bind it");
        };
    }

    @Override
    public boolean canAdopt(DescriptorKind kind) {
        return kind.isSocket();
    }

    @Override
    public Channel adopt(DescriptorKind kind, int descriptor) throws IOException {
        return NativeCalls.call(new Adopted(kind, descriptor));
    }

    private record Adopted(DescriptorKind kind, int descriptor) implements NativeCalls.Call<Channel> {
        @Override
        public Channel make() {
            return adopted(kind, descriptor);
        }
    }

    private static Channel adopted(DescriptorKind kind, int descriptor) {
        return switch (kind) {
            case TCP_LISTENER -> new EpollServerSocketChannel(descriptor);
            case UNIX_LISTENER, UNIXPACKET_LISTENER -> new EpollServerDomainSocketChannel(descriptor, true);
            case TCP_CONNECTION -> new EpollSocketChannel(descriptor);
            case UNIX_CONNECTION, UNIXPACKET_CONNECTION -> new EpollDomainSocketChannel(descriptor);
            case UDP -> new EpollDatagramChannel(descriptor);
            case UNIX_DATAGRAM -> new EpollDomainDatagramChannel(descriptor);
            case FILE, PIPE, OTHER -> throw new UnsupportedOperationException("a " + kind + " is no channel of epoll");
        };
    }

    @Override
    public boolean changesSocket(ChannelOption<?> option) {
        return !option.equals(EPOLL_MODE) && !option.equals(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE);
    }

    @SuppressWarnings("deprecation") // ignored by Netty 4.2, meaningful on 4.1
    private static final ChannelOption<?> EPOLL_MODE = EpollChannelOption.EPOLL_MODE;

    @Override
    public Channel newConnection() throws IOException {
        return NativeCalls.call(EpollDomainSocketChannel::new);
    }

    @Override
    @SuppressWarnings("deprecation") // ignored by Netty 4.2; on 4.1, edge-triggered, one descriptor is read per wake-up
    public void receiveDescriptors(Channel connection) {
        EpollDomainSocketChannelConfig config = ((EpollDomainSocketChannel) connection).config();
        config.setRecvByteBufAllocator(SEVERAL_DESCRIPTORS);
        config.setReadMode(DomainSocketReadMode.FILE_DESCRIPTORS);
        config.setEpollMode(EpollMode.LEVEL_TRIGGERED);
    }

    @Override
    public void switchReading(Channel connection, boolean descriptors) {
        unix(connection)
                .config()
                .setReadMode(descriptors ? DomainSocketReadMode.FILE_DESCRIPTORS : DomainSocketReadMode.BYTES);
    }

    private static EpollDomainSocketChannel unix(Channel connection) {
        if (connection instanceof EpollDomainSocketChannel unix) {
            return unix;
        }
        throw new IllegalArgumentException(
                "descriptors go over a unix connection of epoll (EpollDomainSocketChannel), not over a "
                        + connection.getClass().getSimpleName());
    }

    @Override
    public PeerCredentials peerCredentials(Channel connection) throws IOException {
        return unix(connection).peerCredentials();
    }

    @Override
    public SocketFacts inspect(int descriptor) throws IOException {
        return NativeCalls.call(() -> facts(new Asked(descriptor)));
    }

    /** Our FIN is the last thing that is sent, so all is there when that was acknowledged. */
    @Override
    public boolean isDelivered(Channel connection) {
        try {
            return !(connection instanceof EpollSocketChannel tcp)
                    || tcp.tcpInfo().state() != TCP_FIN_WAIT1;
        } catch (ChannelException e) {
            return true; // it is closed by now
        }
    }

    /** A TCP channel knows its addresses, and cannot begin or end to listen: one question is left instead of four. */
    @Override
    public SocketFacts inspect(UnixChannel channel) throws IOException {
        SocketAddress local = channel.localAddress();
        SocketAddress remote = channel.remoteAddress();
        if (local != null && channel.isActive() && channel.fd() instanceof Socket socket) {
            if (channel instanceof EpollSocketChannel && remote != null) {
                return new SocketFacts(DescriptorKind.TCP_CONNECTION, internetFamily(socket), local, remote);
            }
            if (channel instanceof EpollServerSocketChannel) {
                return new SocketFacts(DescriptorKind.TCP_LISTENER, internetFamily(socket), local, null);
            }
        }
        return inspect(channel.fd().intValue());
    }

    @Override
    public DescriptorKind kindOf(UnixChannel channel) throws IOException {
        int state = channel.fd() instanceof Socket socket ? tcpState(socket) : NOT_TCP;
        return state == NOT_TCP ? NativeTransport.super.kindOf(channel) : tcpKind(state);
    }

    private static DescriptorKind tcpKind(int state) {
        return state == TCP_LISTEN ? DescriptorKind.TCP_LISTENER : DescriptorKind.TCP_CONNECTION;
    }

    private static StandardProtocolFamily internetFamily(Socket socket) throws IOException {
        return socket.getIntOpt(SOL_SOCKET, SO_DOMAIN) == AF_INET6
                ? StandardProtocolFamily.INET6
                : StandardProtocolFamily.INET;
    }

    /** A socket that is looked at. To make such an object is a question to the kernel already: whether it is an IPv6 one. */
    private static final class Asked extends Socket {
        Asked(int descriptor) {
            super(descriptor);
        }

        StandardProtocolFamily internetFamily() {
            return ipv6 ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
        }
    }

    private static SocketFacts facts(Asked socket) throws IOException {
        int state = tcpState(socket);
        if (state != NOT_TCP) {
            // One question instead of four: only a TCP socket knows such a state.
            DescriptorKind kind = tcpKind(state);
            return new SocketFacts(
                    kind,
                    socket.internetFamily(),
                    socket.localAddress(),
                    kind == DescriptorKind.TCP_LISTENER ? null : socket.remoteAddress());
        }
        int type = socket.getIntOpt(SOL_SOCKET, SO_TYPE);
        return switch (socket.getIntOpt(SOL_SOCKET, SO_DOMAIN)) {
            case AF_UNIX -> unix(socket, type);
            case AF_INET -> datagram(socket, type, StandardProtocolFamily.INET);
            case AF_INET6 -> datagram(socket, type, StandardProtocolFamily.INET6);
            default -> new SocketFacts(DescriptorKind.OTHER, null, null, null);
        };
    }

    private static int tcpState(Socket socket) throws IOException {
        ByteBuffer firstByte = TCP_STATE.get().clear(); // the kernel copies as much as there is room for
        try {
            socket.getRawOpt(IPPROTO_TCP, TCP_INFO, firstByte);
        } catch (IOException | ChannelException e) {
            return NOT_TCP;
        }
        return firstByte.get(0);
    }

    private static SocketFacts datagram(Socket socket, int type, StandardProtocolFamily family) throws IOException {
        boolean udp = type == SOCK_DGRAM && socket.getIntOpt(SOL_SOCKET, SO_PROTOCOL) == IPPROTO_UDP;
        return udp
                ? new SocketFacts(DescriptorKind.UDP, family, socket.localAddress(), socket.remoteAddress())
                : new SocketFacts(DescriptorKind.OTHER, family, null, null);
    }

    private static SocketFacts unix(Socket socket, int type) throws IOException {
        boolean listening = socket.getIntOpt(SOL_SOCKET, SO_ACCEPTCONN) != 0;
        DescriptorKind kind = switch (type) {
            case SOCK_STREAM -> listening ? DescriptorKind.UNIX_LISTENER : DescriptorKind.UNIX_CONNECTION;
            case SOCK_SEQPACKET ->
                listening ? DescriptorKind.UNIXPACKET_LISTENER : DescriptorKind.UNIXPACKET_CONNECTION;
            case SOCK_DGRAM -> DescriptorKind.UNIX_DATAGRAM;
            default -> DescriptorKind.OTHER;
        };
        return new SocketFacts(
                kind,
                StandardProtocolFamily.UNIX,
                named(socket.localDomainSocketAddress()),
                named(socket.remoteDomainSocketAddress()));
    }

    /** A unix socket that was never bound has an address without a name. */
    private static @Nullable DomainSocketAddress named(@Nullable DomainSocketAddress address) {
        return address == null || address.path().isEmpty() ? null : address;
    }
}
