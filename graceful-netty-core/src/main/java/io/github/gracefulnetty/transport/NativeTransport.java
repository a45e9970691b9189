// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.PeerCredentials;
import java.io.IOException;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * A native transport of Netty, found by {@link java.util.ServiceLoader}: turns descriptors into channels and opens unix
 * sockets. Implementations hold no state and may be called from any thread.
 */
public interface NativeTransport {
    /** The transport's name as Netty spells it, for instance {@code epoll}. */
    String name();

    /** Why this transport cannot be used in this process, or {@code null} if it can. */
    @Nullable
    Throwable unavailabilityCause();

    /** Whether this transport's channels can be registered with the loops of {@code group}. */
    boolean drives(EventLoopGroup group);

    /** Whether this transport's channels can be registered with {@code loop}. */
    boolean drives(EventLoop loop);

    /** A new event-loop group of this transport. The caller shuts it down. */
    EventLoopGroup newGroup(int threads, ThreadFactory threadFactory);

    /** Whether {@code channel} is a server channel of this transport and of this kind. */
    boolean isListener(ServerChannel channel, SocketKind kind);

    /** A server channel that is not bound yet. The caller closes it. */
    ServerChannel newListener(SocketKind kind);

    /** Whether {@link #adoptListener} works for {@code kind}. */
    boolean canAdopt(SocketKind kind);

    /**
     * Turns a listening descriptor into a server channel, active as soon as it is registered. The channel owns the
     * descriptor from now on; when this method throws, the caller still does.
     *
     * @throws UnsupportedOperationException if {@link #canAdopt} says no
     */
    ServerChannel adoptListener(SocketKind kind, int descriptor);

    /**
     * Whether setting {@code option} on a listener changes the socket itself, which several processes may share, and not
     * only the channel object.
     */
    boolean changesSocket(ChannelOption<?> option);

    /** A unix stream channel that is not connected yet. The caller closes it. */
    Channel newConnection();

    /**
     * Makes a channel of {@link #newConnection()} receive descriptors instead of bytes, for the whole of its life. Must
     * be called before the channel is registered.
     */
    void receiveDescriptors(Channel connection);

    /**
     * Who is on the other side of a connected unix stream channel of this transport.
     *
     * @throws IOException if the kernel does not tell
     */
    PeerCredentials peerCredentials(Channel connection) throws IOException;

    /**
     * Looks at a descriptor without changing it.
     *
     * @throws IOException if it is not open or not a socket
     */
    SocketFacts inspect(int descriptor) throws IOException;
}
