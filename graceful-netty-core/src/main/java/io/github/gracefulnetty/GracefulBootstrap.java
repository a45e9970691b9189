// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.internal.listener.BootstrapCopy;
import io.github.gracefulnetty.internal.listener.LateBindingChannels;
import io.github.gracefulnetty.internal.listener.LateBindingServerChannel;
import io.github.gracefulnetty.internal.listener.ListenNetwork;
import io.github.gracefulnetty.internal.listener.NativeTwins;
import io.github.gracefulnetty.internal.transport.NativeTransports;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.bootstrap.ChannelFactory;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.bootstrap.ServerBootstrapConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.util.AttributeKey;
import java.net.SocketAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A {@link ServerBootstrap} whose listeners outlive the process. {@code bind} gets, in this order: the listener for that
 * address from a predecessor, the one from a service manager, or a fresh one.
 *
 * <p>Everything else works as with {@link ServerBootstrap}. Where the code names NIO and a native transport is there,
 * that is used instead: NIO sockets cannot be handed over. The native loops are shut down when the NIO groups are.
 */
@SuppressWarnings("deprecation") // Netty's older ChannelFactory is the one method that all others lead to
public final class GracefulBootstrap extends ServerBootstrap {
    private final Graceful graceful;
    private @Nullable EventLoopGroup parentGroup;
    private @Nullable EventLoopGroup childGroup;
    private @Nullable ChannelFactory<? extends ServerChannel> plainFactory;
    private @Nullable ListenNetwork listenNetwork;
    private String listenerName = "";

    /** Uses {@link Graceful#processWide()}. */
    public GracefulBootstrap() {
        this(Graceful.processWide());
    }

    public GracefulBootstrap(Graceful graceful) {
        this.graceful = graceful;
    }

    /**
     * Names the listener that is bound next. A service manager's listener of that name is claimed whatever its address
     * is, as is a predecessor's; otherwise the address decides.
     */
    public GracefulBootstrap listenerName(String name) {
        listenerName = name;
        return this;
    }

    /**
     * Binds a listener to an address as Go writes it: the inherited one that matches network and address, claimed once,
     * otherwise a fresh one. The channel class is chosen by the network; groups and child handler are this bootstrap's.
     *
     * @param network {@code tcp} (IPv4 and IPv6), {@code tcp4}, {@code tcp6} (without IPv4), {@code unix}, or {@code
     *     unixpacket}: that one can be inherited, but Netty's natives cannot open a fresh one, and the future says so
     * @param address {@code host:port}, {@code :port}, {@code [::1]:port}; for unix networks a path, or {@code @name} in
     *     the abstract namespace of Linux
     * @return fails with a {@link java.net.BindException} if the address is in use
     * @throws IllegalArgumentException if there is no such network, or the address makes no sense
     */
    public ChannelFuture listen(String network, String address) {
        ListenNetwork parsed = ListenNetwork.of(network);
        SocketAddress place = parsed.parse(address);
        NativeTransport transport = graceful.runtime().parts().transport();
        GracefulBootstrap copy = copyWithoutFactory();
        copy.listenNetwork = parsed;
        copy.channelFactory((ChannelFactory<ServerChannel>) () -> parsed.plain(transport));
        parsed.options().forEach((option, value) -> copy.option(option, value));
        return copy.bind(place);
    }

    @Override
    public GracefulBootstrap group(EventLoopGroup group) {
        return group(group, group);
    }

    /** The groups are kept until {@code bind}: only then it is known whether native ones have to stand in for them. */
    @Override
    public GracefulBootstrap group(EventLoopGroup parent, EventLoopGroup child) {
        if (parentGroup != null) {
            throw new IllegalStateException("group set already");
        }
        parentGroup = Objects.requireNonNull(parent, "parentGroup");
        childGroup = Objects.requireNonNull(child, "childGroup");
        return this;
    }

    @Override
    @Deprecated
    public ServerBootstrap channelFactory(ChannelFactory<? extends ServerChannel> factory) {
        plainFactory = factory;
        return super.channelFactory((ChannelFactory<ServerChannel>) () -> newChannel(factory));
    }

    @Override
    public GracefulBootstrap childHandler(ChannelHandler handler) {
        super.childHandler(handler);
        return this;
    }

    @Override
    public <T> GracefulBootstrap childOption(ChannelOption<T> option, T value) {
        super.childOption(option, value);
        return this;
    }

    @Override
    public <T> GracefulBootstrap option(ChannelOption<T> option, T value) {
        super.option(option, value);
        return this;
    }

    @Override
    public ServerBootstrap validate() {
        EventLoopGroup parent = parentGroup;
        EventLoopGroup child = childGroup;
        if (parent != null && child != null && config().group() == null) {
            NativeTransport transport = graceful.runtime().parts().transport();
            if (transport != null
                    && NativeTransports.isNio(parent)
                    && NativeTransports.isNio(child)
                    && plainFactory != null
                    && ServerChannels.kindOf(plainFactory) != null) {
                super.group(NativeTwins.of(parent, transport), NativeTwins.of(child, transport));
            } else {
                super.group(parent, child);
            }
        }
        return super.validate();
    }

    private ServerChannel newChannel(ChannelFactory<? extends ServerChannel> factory) {
        DescriptorKind kind = ServerChannels.kindOf(factory);
        if (kind == null) {
            return factory.newChannel();
        }
        ListenNetwork network = listenNetwork;
        ServerChannel channel = LateBindingChannels.create(
                graceful.runtime().parts().register(), network == null ? kind : network.kind(), factory::newChannel);
        if (network != null && network.family() != null) {
            channel.attr(LateBindingServerChannel.FAMILY).set(network.family());
        }
        if (!listenerName.isEmpty()) {
            channel.attr(LateBindingServerChannel.NAME).set(listenerName);
        }
        return channel;
    }

    /** A copy for the same {@link Graceful}. */
    @Override
    @SuppressWarnings("MissingSuperCall")
    public GracefulBootstrap clone() {
        GracefulBootstrap copy = copyWithoutFactory();
        if (plainFactory != null) {
            copy.channelFactory(plainFactory);
        }
        return copy;
    }

    @SuppressWarnings("unchecked")
    private GracefulBootstrap copyWithoutFactory() {
        GracefulBootstrap copy = new GracefulBootstrap(graceful);
        ServerBootstrapConfig config = config();
        copy.parentGroup = parentGroup;
        copy.childGroup = childGroup;
        copy.listenerName = listenerName;
        BootstrapCopy.copy(config, copy);
        ChannelHandler childHandler = config.childHandler();
        if (childHandler != null) {
            copy.childHandler(childHandler);
        }
        config.childOptions().forEach((option, value) -> copy.childOption((ChannelOption<Object>) option, value));
        config.childAttrs().forEach((key, value) -> copy.childAttr((AttributeKey<Object>) key, value));
        return copy;
    }
}
