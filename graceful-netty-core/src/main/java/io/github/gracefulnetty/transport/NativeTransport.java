// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.PeerCredentials;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * A native transport of Netty, found by {@link java.util.ServiceLoader}: turns descriptors into channels and opens unix
 * sockets. Implementations hold no state and may be called from any thread. What Netty's natives throw leaves them as an
 * {@link IOException}.
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

    /**
     * A new event-loop group of this transport. The caller shuts it down.
     *
     * @throws IOException if there can be none, for want of descriptors for instance; it says why, and nothing is left open
     */
    EventLoopGroup newGroup(int threads, ThreadFactory threadFactory) throws IOException;

    /** Whether {@code channel} is a channel of this transport and of this kind. */
    boolean isOfKind(Channel channel, DescriptorKind kind);

    /**
     * A listener or datagram channel that is not bound yet. The caller closes it.
     *
     * @param family IPv4 or IPv6, for kinds of the internet only; {@code null} for what this machine prefers
     * @throws IOException if there can be none, for want of descriptors for instance; it says why, and nothing is left open
     * @throws UnsupportedOperationException if this transport cannot open sockets of {@code kind}; the message says so
     */
    Channel open(DescriptorKind kind, @Nullable StandardProtocolFamily family) throws IOException;

    /** Whether {@link #adopt} works for {@code kind}. */
    boolean canAdopt(DescriptorKind kind);

    /**
     * Turns the descriptor of an open socket into a channel, active as soon as it is registered: a {@link ServerChannel}
     * for listeners. The channel owns the descriptor from now on; when this method throws, the caller still does, and
     * nothing else is left open.
     *
     * @throws IOException if it is no open socket, or there can be no channel; it says why
     * @throws UnsupportedOperationException if {@link #canAdopt} says no
     */
    Channel adopt(DescriptorKind kind, int descriptor) throws IOException;

    /**
     * Whether setting {@code option} on a listener changes the socket itself, which several processes may share, and not
     * only the channel object.
     */
    boolean changesSocket(ChannelOption<?> option);

    /**
     * A unix stream channel that is not connected yet. The caller closes it.
     *
     * @throws IOException if there can be none, for want of descriptors for instance; it says why, and nothing is left open
     */
    Channel newConnection() throws IOException;

    /**
     * Makes a channel of {@link #newConnection()} receive descriptors instead of bytes, for the whole of its life. Must
     * be called before the channel is registered.
     */
    void receiveDescriptors(Channel connection);

    /**
     * Makes a unix stream channel of this transport that is registered already receive descriptors, or bytes again. On
     * its event loop; a read that is under way goes on as it began. Reliable for one descriptor at a time only.
     *
     * @throws IllegalArgumentException if it is no such channel
     */
    void switchReading(Channel connection, boolean descriptors);

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

    /**
     * The same of an open channel of this transport. Does not ask the kernel for what the channel knows already and what
     * cannot change.
     *
     * @throws IOException if it is not open
     */
    default SocketFacts inspect(UnixChannel channel) throws IOException {
        return inspect(channel.fd().intValue());
    }

    /**
     * What the open descriptor of a channel of this transport is, whatever it was adopted as.
     *
     * @throws IOException if it is not a socket
     */
    default DescriptorKind kindOf(UnixChannel channel) throws IOException {
        return inspect(channel.fd().intValue()).kind();
    }

    /**
     * Whether the other side's system has received all that was sent over a connection whose output has been shut down; its
     * application may not have read it. {@code true} also if the kernel does not tell.
     */
    default boolean isDelivered(Channel connection) {
        return true;
    }
}
