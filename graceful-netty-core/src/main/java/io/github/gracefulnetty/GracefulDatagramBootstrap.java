// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.internal.listener.BootstrapCopy;
import io.github.gracefulnetty.internal.listener.DatagramOpener;
import io.github.gracefulnetty.internal.listener.NativeTwins;
import io.github.gracefulnetty.internal.transport.NativeTransports;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ChannelFactory;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.unix.DomainDatagramChannel;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.net.SocketAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Bootstrap} for datagram channels whose sockets outlive the process. {@code bind} gets, in this order: the socket
 * for that address from a predecessor, the one from a service manager, or a fresh one. An inherited socket reads as soon
 * as this process serves. {@code connect} works as always; what it makes is not handed over.
 *
 * <p>Predecessor and successor share the socket's queue, so each datagram is read once, by one of them. When the
 * predecessor has stopped reading, a {@link io.github.gracefulnetty.connection.DrainEvent} goes through the channel's pipeline.
 * A handler that still owes answers keeps the event to itself and closes the channel when they are written; if the event
 * reaches the end of the pipeline, the channel is closed as soon as everything that was written is on its way.
 *
 * <p>Where the code names NIO and a native transport is there, that is used instead, as with {@link GracefulBootstrap}.
 */
@SuppressWarnings("deprecation") // Netty's older ChannelFactory is the one method that all others lead to
public final class GracefulDatagramBootstrap extends Bootstrap {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(GracefulDatagramBootstrap.class);

    private final Graceful graceful;
    private @Nullable EventLoopGroup givenGroup;
    private io.netty.channel.@Nullable ChannelFactory<? extends Channel> plainFactory;
    private String socketName = "";

    /** Uses {@link Graceful#processWide()}. */
    public GracefulDatagramBootstrap() {
        this(Graceful.processWide());
    }

    public GracefulDatagramBootstrap(Graceful graceful) {
        this.graceful = graceful;
    }

    /** Names the socket that is bound next, see {@link GracefulBootstrap#listenerName}. */
    public GracefulDatagramBootstrap socketName(String name) {
        socketName = name;
        return this;
    }

    /** The group is kept until the bind: only then it is known whether a native one has to stand in for it. */
    @Override
    public Bootstrap group(EventLoopGroup group) {
        if (givenGroup != null) {
            throw new IllegalStateException("group set already");
        }
        givenGroup = Objects.requireNonNull(group, "group");
        return this;
    }

    @Override
    @Deprecated
    public Bootstrap channelFactory(ChannelFactory<? extends Channel> factory) {
        plainFactory = factory::newChannel;
        return super.channelFactory((ChannelFactory<Channel>) factory::newChannel);
    }

    @Override
    public Bootstrap validate() {
        EventLoopGroup group = givenGroup;
        if (group != null && config().group() == null) {
            NativeTransport transport = graceful.runtime().parts().transport();
            boolean twin = transport != null && NativeTransports.isNio(group) && kind() != null;
            super.group(twin ? NativeTwins.of(group, Objects.requireNonNull(transport)) : group);
        }
        return super.validate();
    }

    @Override
    public ChannelFuture bind() {
        SocketAddress address = config().localAddress();
        if (address == null) {
            throw new IllegalStateException("localAddress not set");
        }
        return bind(address);
    }

    @Override
    public ChannelFuture bind(SocketAddress address) {
        validate();
        NativeTransport transport = graceful.runtime().parts().transport();
        DescriptorKind kind = kind();
        io.netty.channel.ChannelFactory<? extends Channel> factory = plainFactory;
        if (transport == null || kind == null || factory == null || !transport.drives(config().group())) {
            LOGGER.info("graceful-netty: datagram socket {} is bound plainly and cannot be handed over", address);
            return super.bind(address);
        }
        Bootstrap plain = new Bootstrap().group(config().group());
        BootstrapCopy.copy(config(), plain);
        return new DatagramOpener(graceful.runtime().parts().register(), transport, kind, socketName)
                .open(plain, factory, address);
    }

    /** {@code null} for what is no datagram channel. */
    private @Nullable DescriptorKind kind() {
        if (plainFactory == null) {
            return null;
        }
        Channel channel = plainFactory.newChannel();
        channel.unsafe().closeForcibly();
        if (channel instanceof DatagramChannel) {
            return DescriptorKind.UDP;
        }
        return channel instanceof DomainDatagramChannel ? DescriptorKind.UNIX_DATAGRAM : null;
    }

    /** A copy for the same {@link Graceful}. */
    @Override
    @SuppressWarnings("MissingSuperCall")
    public GracefulDatagramBootstrap clone() {
        GracefulDatagramBootstrap copy = new GracefulDatagramBootstrap(graceful);
        copy.givenGroup = givenGroup;
        copy.socketName = socketName;
        if (plainFactory != null) {
            copy.channelFactory((ChannelFactory<Channel>) plainFactory::newChannel);
        }
        BootstrapCopy.copy(config(), copy);
        return copy;
    }
}
