// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.connection.ServerDrain;
import io.github.gracefulnetty.internal.listener.AcceptedConnections;
import io.github.gracefulnetty.internal.listener.LateBindingChannels;
import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.github.gracefulnetty.internal.upgrade.Parts;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.ServerDomainSocketChannel;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Server channels whose listeners outlive the process, for frameworks that make their own bootstrap and take a channel
 * factory: what {@link GracefulBootstrap} is for everybody else. Each channel gets its listener when it is bound: from a
 * predecessor, from a service manager, or a fresh one. Accepting begins when the process is ready.
 */
public final class ServerChannels {
    private final Parts parts;
    private final ServerDrain drain;

    private ServerChannels(Parts parts, ServerDrain drain) {
        this.parts = parts;
        this.drain = drain;
    }

    /** Their connections are drained by graceful-netty, each as its protocol asks. */
    public static ServerChannels of(Graceful graceful) {
        return new ServerChannels(graceful.runtime().parts(), AcceptedConnections.EACH);
    }

    /** The same, but {@code drain} ends the connections that they accept. It is asked to even if there are none. */
    public ServerChannels drainedBy(ServerDrain drain) {
        parts.connections().serve(drain);
        return new ServerChannels(parts, drain);
    }

    /** After which {@link ServerDrain#force()} is called. */
    public Duration drainTimeout() {
        return parts.settings().drainTimeout();
    }

    /** Event loops that drive these channels; the caller shuts them down. */
    @SuppressWarnings("deprecation") // the only NIO group that both Netty lines have
    public EventLoopGroup newGroup(int threads, ThreadFactory threadFactory) {
        NativeTransport transport = parts.transport();
        return transport == null
                ? new NioEventLoopGroup(threads, threadFactory)
                : NativeCalls.unchecked(() -> transport.newGroup(threads, threadFactory));
    }

    /** Makes TCP listeners. */
    public ChannelFactory<ServerChannel> tcp() {
        return () -> LateBindingChannels.create(
                parts.register(), DescriptorKind.TCP_LISTENER, NioServerSocketChannel::new, drain);
    }

    /**
     * Makes unix listeners.
     *
     * @throws UnsupportedOperationException if there is no native transport
     */
    public ChannelFactory<ServerChannel> unix() {
        NativeTransport transport = parts.transport();
        if (transport == null) {
            throw new UnsupportedOperationException("unix listeners need a native transport: add "
                    + "io.github.gracefulnetty:graceful-netty-epoll (" + parts.transportProblem() + ")");
        }
        return () -> LateBindingChannels.create(
                parts.register(),
                DescriptorKind.UNIX_LISTENER,
                () -> NativeCalls.unchecked(() -> (ServerChannel) transport.open(DescriptorKind.UNIX_LISTENER, null)),
                drain);
    }

    /** Makes listeners of the kind that {@code plain} makes, or what it makes itself where that can not be handed over. */
    public ChannelFactory<ServerChannel> like(ChannelFactory<? extends ServerChannel> plain) {
        return () -> {
            DescriptorKind kind = kindOf(plain);
            return kind == null ? plain.newChannel() : LateBindingChannels.create(parts.register(), kind, plain, drain);
        };
    }

    /** {@code null} for what can neither be handed over nor drained: local and foreign transports. */
    @SuppressWarnings("deprecation") // Netty's older ChannelFactory is the one that all others extend
    static @Nullable DescriptorKind kindOf(io.netty.bootstrap.ChannelFactory<? extends ServerChannel> plain) {
        ServerChannel channel = plain.newChannel();
        channel.unsafe().closeForcibly();
        if (channel instanceof ServerSocketChannel) {
            return DescriptorKind.TCP_LISTENER;
        }
        return channel instanceof ServerDomainSocketChannel ? DescriptorKind.UNIX_LISTENER : null;
    }
}
