// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.epoll;

import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.NativeTransports;
import io.github.gracefulnetty.transport.SocketFacts;
import io.github.gracefulnetty.transport.SocketKind;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollDomainSocketChannelConfig;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollMode;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.PeerCredentials;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.SocketAddress;
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
    private static final int IPPROTO_TCP = 6;
    private static final int AF_UNIX = 1;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;

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
    public EventLoopGroup newGroup(int threads, ThreadFactory threadFactory) {
        return new EpollEventLoopGroup(threads, threadFactory);
    }

    @Override
    public boolean isListener(ServerChannel channel, SocketKind kind) {
        return switch (kind) {
            case TCP -> channel instanceof EpollServerSocketChannel;
            case UNIX -> channel instanceof EpollServerDomainSocketChannel;
        };
    }

    @Override
    public ServerChannel newListener(SocketKind kind) {
        return switch (kind) {
            case TCP -> new EpollServerSocketChannel();
            case UNIX -> new EpollServerDomainSocketChannel();
        };
    }

    @Override
    public boolean canAdopt(SocketKind kind) {
        return true;
    }

    @Override
    public ServerChannel adoptListener(SocketKind kind, int descriptor) {
        return switch (kind) {
            case TCP -> new EpollServerSocketChannel(descriptor);
            case UNIX -> new EpollServerDomainSocketChannel(descriptor, true);
        };
    }

    @Override
    public boolean changesSocket(ChannelOption<?> option) {
        return !option.equals(EPOLL_MODE);
    }

    @SuppressWarnings("deprecation") // ignored by Netty 4.2, meaningful on 4.1
    private static final ChannelOption<?> EPOLL_MODE = EpollChannelOption.EPOLL_MODE;

    @Override
    public Channel newConnection() {
        return new EpollDomainSocketChannel();
    }

    @Override
    @SuppressWarnings("deprecation") // ignored by Netty 4.2; on 4.1, edge-triggered, one descriptor is read per wake-up
    public void receiveDescriptors(Channel connection) {
        EpollDomainSocketChannelConfig config = ((EpollDomainSocketChannel) connection).config();
        config.setReadMode(DomainSocketReadMode.FILE_DESCRIPTORS);
        config.setEpollMode(EpollMode.LEVEL_TRIGGERED);
    }

    @Override
    public PeerCredentials peerCredentials(Channel connection) throws IOException {
        return ((EpollDomainSocketChannel) connection).peerCredentials();
    }

    @Override
    public SocketFacts inspect(int descriptor) throws IOException {
        try {
            return facts(new Socket(descriptor));
        } catch (ChannelException e) {
            throw new IOException(e.getMessage(), e); // what Netty says of a descriptor that is not a socket
        }
    }

    private static SocketFacts facts(Socket socket) throws IOException {
        boolean stream = socket.getIntOpt(SOL_SOCKET, SO_TYPE) == SOCK_STREAM;
        boolean listening = socket.getIntOpt(SOL_SOCKET, SO_ACCEPTCONN) != 0;
        int domain = socket.getIntOpt(SOL_SOCKET, SO_DOMAIN);
        SocketKind kind = null;
        SocketAddress address = null;
        if (domain == AF_UNIX) {
            kind = stream ? SocketKind.UNIX : null;
            address = socket.localDomainSocketAddress();
        } else if (domain == AF_INET || domain == AF_INET6) {
            kind = stream && socket.getIntOpt(SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP ? SocketKind.TCP : null;
            address = socket.localAddress();
        }
        return new SocketFacts(listening, kind, address);
    }
}
