// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.kqueue;

import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.NativeTransports;
import io.github.gracefulnetty.transport.SocketFacts;
import io.github.gracefulnetty.transport.SocketKind;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.kqueue.KQueue;
import io.netty.channel.kqueue.KQueueChannelOption;
import io.netty.channel.kqueue.KQueueDomainSocketChannel;
import io.netty.channel.kqueue.KQueueEventLoopGroup;
import io.netty.channel.kqueue.KQueueServerDomainSocketChannel;
import io.netty.channel.kqueue.KQueueServerSocketChannel;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.PeerCredentials;
import java.io.IOException;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * macOS: {@code kqueue}. TCP listeners can be handed on. Unix listeners cannot: Netty's
 * {@code KQueueServerDomainSocketChannel} never accepts on a descriptor that it did not bind itself.
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
    public EventLoopGroup newGroup(int threads, ThreadFactory threadFactory) {
        return new KQueueEventLoopGroup(threads, threadFactory);
    }

    @Override
    public boolean isListener(ServerChannel channel, SocketKind kind) {
        return switch (kind) {
            case TCP -> channel instanceof KQueueServerSocketChannel;
            case UNIX -> channel instanceof KQueueServerDomainSocketChannel;
        };
    }

    @Override
    public ServerChannel newListener(SocketKind kind) {
        return switch (kind) {
            case TCP -> new KQueueServerSocketChannel();
            case UNIX -> new KQueueServerDomainSocketChannel();
        };
    }

    @Override
    public boolean canAdopt(SocketKind kind) {
        return kind == SocketKind.TCP;
    }

    @Override
    public ServerChannel adoptListener(SocketKind kind, int descriptor) {
        return switch (kind) {
            case TCP -> new KQueueServerSocketChannel(descriptor);
            case UNIX ->
                throw new UnsupportedOperationException("kqueue cannot adopt a unix listener: Netty's"
                        + " KQueueServerDomainSocketChannel has no public constructor for one that listens already");
        };
    }

    @Override
    public boolean changesSocket(ChannelOption<?> option) {
        return !option.equals(BUFFER_GUESS);
    }

    @Override
    public Channel newConnection() {
        return new KQueueDomainSocketChannel();
    }

    @Override
    public void receiveDescriptors(Channel connection) {
        ((KQueueDomainSocketChannel) connection).config().setReadMode(DomainSocketReadMode.FILE_DESCRIPTORS);
    }

    @Override
    public PeerCredentials peerCredentials(Channel connection) throws IOException {
        return ((KQueueDomainSocketChannel) connection).peerCredentials();
    }

    /** Knows TCP sockets only; all others are of no kind, as they cannot be handed on here. */
    @Override
    public SocketFacts inspect(int descriptor) throws IOException {
        return DarwinSocket.inspect(descriptor);
    }
}
