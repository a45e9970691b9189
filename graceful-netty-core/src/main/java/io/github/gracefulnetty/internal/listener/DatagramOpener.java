// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.internal.descriptor.Addresses;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.process.UnixSocketFile;
import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.SocketFacts;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.IOException;
import java.net.BindException;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Gets the datagram channel that a bind means: the inherited one, or a fresh one. Unlike a listener it is chosen before a
 * channel is made, as the address is known by then.
 */
public final class DatagramOpener {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(DatagramOpener.class);
    /** What every channel object has, whatever its socket. */
    private static final Set<ChannelOption<?>> CHANNEL_ONLY =
            new DefaultChannelConfig(new LocalChannel()).getOptions().keySet();

    private final ListenerRegister register;
    private final NativeTransport transport;
    private final DescriptorKind kind;
    private final String name;

    /** @param kind UDP or unix */
    public DatagramOpener(ListenerRegister register, NativeTransport transport, DescriptorKind kind, String name) {
        this.register = register;
        this.transport = transport;
        this.kind = kind;
        this.name = name;
    }

    /**
     * Makes the channel and registers it.
     *
     * @param bootstrap with a group of the transport, a handler and options, without a channel factory; not changed
     * @param plainFactory what the application wants a channel to be made by
     */
    public ChannelFuture open(
            Bootstrap bootstrap, ChannelFactory<? extends Channel> plainFactory, SocketAddress address) {
        Claims.Claimed claimed = register.claims().claim(new Claims.Wanted(kind, null, address, name));
        return claimed == null ? bind(bootstrap, plainFactory, address) : adopt(bootstrap, claimed);
    }

    private ChannelFuture adopt(Bootstrap bootstrap, Claims.Claimed claimed) {
        Description description = claimed.inherited().description();
        SocketPath path = claimed.traits().removePath() ? SocketPath.of(description.local()) : SocketPath.none();
        path.keep(register.keepsPaths());
        return open(
                bootstrap,
                () -> NativeCalls.unchecked(
                        () -> claimed.inherited().descriptor().adopt(transport, kind)),
                true,
                null,
                channel -> new Opened(new SocketItem(channel, description, claimed.traits()), path));
    }

    private ChannelFuture bind(
            Bootstrap bootstrap, ChannelFactory<? extends Channel> plainFactory, SocketAddress requested) {
        SocketAddress address = Addresses.normalise(requested);
        boolean file = address instanceof DomainSocketAddress unix && !Addresses.isAbstract(unix);
        return open(
                bootstrap,
                () -> NativeCalls.unchecked(() -> {
                    if (address instanceof DomainSocketAddress unix && file) {
                        checkIsFree(unix);
                    }
                    return fresh(plainFactory);
                }),
                false,
                address,
                channel -> {
                    SocketFacts facts =
                            transport.inspect(((UnixChannel) channel).fd().intValue());
                    Description description =
                            new Description(kind, facts.family(), name, facts.local(), facts.remote(), null);
                    return new Opened(
                            new SocketItem(channel, description, new ListenerTraits(address, file)),
                            file ? SocketPath.of(address) : SocketPath.none());
                });
    }

    /** The kernel's bind through Netty would take the path away from whoever reads there. */
    private static void checkIsFree(DomainSocketAddress address) throws IOException {
        Path path = Path.of(address.path());
        UnixSocketFile.checkLength(path, 0);
        if (UnixSocketFile.probeDatagram(path) == UnixSocketFile.Presence.ALIVE) {
            throw new BindException(Addresses.format(address) + ": address already in use, somebody reads there");
        }
    }

    private Channel fresh(ChannelFactory<? extends Channel> plainFactory) throws IOException {
        Channel channel = plainFactory.newChannel();
        if (transport.isOfKind(channel, kind)) {
            return channel;
        }
        // The application names another transport's class; this loop drives ours.
        channel.unsafe().closeForcibly();
        return transport.open(kind, null);
    }

    private record Opened(SocketItem item, SocketPath path) {}

    private interface Describer {
        Opened describe(Channel channel) throws IOException;
    }

    private ChannelFuture open(
            Bootstrap bootstrap,
            ChannelFactory<? extends Channel> factory,
            boolean shared,
            @Nullable SocketAddress bindTo,
            Describer describer) {
        Bootstrap own = copyOf(bootstrap, shared);
        own.channelFactory((ChannelFactory<Channel>) () -> {
            Channel channel = factory.newChannel();
            channel.pipeline().addFirst(new DatagramGate(register, channel));
            return channel;
        });
        ChannelFuture opened = bindTo == null ? own.register() : own.bind(bindTo);
        Channel channel = opened.channel();
        DatagramGate gate = channel.pipeline().get(DatagramGate.class);
        if (gate == null) {
            return opened; // the channel could not even be made
        }
        ChannelPromise promise =
                new DefaultChannelPromise(channel, bootstrap.config().group().next());
        opened.addListener((ChannelFutureListener) future -> {
            if (!future.isSuccess()) {
                promise.setFailure(failure(bindTo, future.cause()));
                return;
            }
            try {
                Opened what = describer.describe(channel);
                gate.opened(what.item(), what.path());
                promise.setSuccess();
            } catch (Throwable t) { // who waits for the promise hears of an error, too
                channel.close();
                promise.setFailure(t);
            }
        });
        return promise;
    }

    private Throwable failure(@Nullable SocketAddress bindTo, Throwable cause) {
        if (bindTo == null) {
            return cause;
        }
        Throwable failure = cause instanceof IOException io ? ListenerOpener.bindFailure(bindTo, io) : cause;
        register.notBound(bindTo, failure);
        return failure;
    }

    /** Options that would change a shared socket stay away from it. */
    @SuppressWarnings("unchecked")
    private Bootstrap copyOf(Bootstrap bootstrap, boolean shared) {
        Bootstrap copy = bootstrap.clone();
        if (shared) {
            Set<ChannelOption<?>> channelOnly = CHANNEL_ONLY;
            for (Map.Entry<ChannelOption<?>, Object> option :
                    bootstrap.config().options().entrySet()) {
                if (!channelOnly.contains(option.getKey()) && transport.changesSocket(option.getKey())) {
                    copy.option((ChannelOption<Object>) option.getKey(), null); // removes it
                    LOGGER.info(
                            "graceful-netty: {} of an inherited datagram socket stays as it is, the socket is"
                                    + " shared with its predecessor",
                            option.getKey().name());
                }
            }
        }
        return copy;
    }
}
