// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.internal.descriptor.Addresses;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.UnixSockets;
import io.github.gracefulnetty.internal.process.UnixSocketFile;
import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.SocketFacts;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Gets the socket that a bind means: the inherited one, or a fresh one. Runs on the listener's event loop. */
final class ListenerOpener {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(ListenerOpener.class);

    private final ListenerRegister register;
    private final DescriptorKind kind;
    private final ChannelFactory<? extends ServerChannel> plainFactory;

    ListenerOpener(
            ListenerRegister register, DescriptorKind kind, ChannelFactory<? extends ServerChannel> plainFactory) {
        this.register = register;
        this.kind = kind;
        this.plainFactory = plainFactory;
    }

    /** The listener, bound and with its options set. On failure nothing is left open. */
    Listener open(
            SocketAddress address,
            @Nullable StandardProtocolFamily family,
            String name,
            LateBindingConfig config,
            EventLoop loop)
            throws Exception {
        NativeTransport transport = register.transport();
        if (transport == null || !transport.drives(loop)) {
            return openPlain(address, config, loop, transport);
        }
        checkAddress(address);
        Claims.Claimed claimed = register.claims().claim(new Claims.Wanted(kind, family, address, name));
        if (claimed != null) {
            return adopt(claimed, config, transport);
        }
        return switch (kind) {
            case TCP_LISTENER -> bindTcp(address, name, config, loop, transport);
            case UNIX_LISTENER -> bindUnix((DomainSocketAddress) address, name, config, loop, transport);
            default ->
                throw new UnsupportedOperationException("a fresh " + kind + " listener at "
                        + Addresses.format(address) + " is not possible: Netty's natives open stream and datagram"
                        + " sockets only. Let a service manager open it (systemd: ListenSequentialPacket=)");
        };
    }

    private void checkAddress(SocketAddress address) throws IOException {
        boolean fits =
                kind.isInternet() ? address instanceof InetSocketAddress : address instanceof DomainSocketAddress;
        if (!fits) {
            throw new IllegalArgumentException("cannot bind a " + kind + " listener to " + Addresses.format(address)
                    + ": the channel class and the address are of different kinds");
        }
        if (address instanceof InetSocketAddress inet && inet.isUnresolved()) {
            throw new UnknownHostException("cannot resolve host '" + inet.getHostString() + "'");
        }
    }

    private Listener openPlain(
            SocketAddress address, LateBindingConfig config, EventLoop loop, @Nullable NativeTransport transport)
            throws Exception {
        LOGGER.info(
                "graceful-netty: {} is bound plainly and cannot be handed over: {}",
                Addresses.format(address),
                transport == null
                        ? "there is no native transport"
                        : "its event loop is not one of " + transport.name());
        ServerChannel channel = NativeCalls.call(plainFactory::newChannel);
        applyOptions(channel, config, null);
        bind(channel, address, loop);
        return new Listener(channel, null, SocketPath.none(), null);
    }

    private Listener adopt(Claims.Claimed claimed, LateBindingConfig config, NativeTransport transport)
            throws IOException {
        Description description = claimed.inherited().description();
        ServerChannel channel = (ServerChannel) claimed.inherited().descriptor().adopt(transport, kind);
        applyOptions(channel, config, transport);
        LOGGER.debug("graceful-netty: {} is inherited", description);
        SocketPath path = claimed.traits().removePath() ? SocketPath.of(description.local()) : SocketPath.none();
        Listener listener =
                new Listener(channel, new SocketItem(channel, description, claimed.traits()), path, transport);
        path.keep(register.keepsPaths());
        return listener;
    }

    private Listener bindTcp(
            SocketAddress address, String name, LateBindingConfig config, EventLoop loop, NativeTransport transport)
            throws Exception {
        ServerChannel channel = NativeCalls.call(plainFactory::newChannel);
        if (!transport.isOfKind(channel, DescriptorKind.TCP_LISTENER)) {
            // The application names another transport's class; this loop drives ours.
            channel.unsafe().closeForcibly();
            channel = (ServerChannel) transport.open(DescriptorKind.TCP_LISTENER, null);
        }
        applyOptions(channel, config, null);
        bind(channel, address, loop);
        return new Listener(
                channel, item(channel, name, transport, new ListenerTraits(address, false)), SocketPath.none(), null);
    }

    private static SocketItem item(ServerChannel channel, String name, NativeTransport transport, ListenerTraits traits)
            throws IOException {
        try {
            SocketFacts facts = transport.inspect(((UnixChannel) channel).fd().intValue());
            return new SocketItem(channel, Description.of(facts, name), traits);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Binds without the channel's own bind: that one would remove the path on close, even a successor's. */
    private Listener bindUnix(
            DomainSocketAddress requested,
            String name,
            LateBindingConfig config,
            EventLoop loop,
            NativeTransport transport)
            throws Exception {
        if (!transport.canAdopt(DescriptorKind.UNIX_LISTENER)) {
            ServerChannel channel = (ServerChannel) transport.open(DescriptorKind.UNIX_LISTENER, null);
            applyOptions(channel, config, null);
            bind(channel, requested, loop);
            return new Listener(channel, null, SocketPath.none(), null);
        }
        DomainSocketAddress address = (DomainSocketAddress) Addresses.normalise(requested);
        boolean file = !Addresses.isAbstract(address);
        if (file) {
            Path path = Path.of(address.path());
            UnixSocketFile.checkLength(path, 0);
            if (UnixSocketFile.probe(path) == UnixSocketFile.Presence.ALIVE) {
                throw new BindException(Addresses.format(address) + ": address already in use, somebody listens there");
            }
        }
        ServerChannel channel = boundUnix(address, config, transport);
        applyOptions(channel, config, null);
        return new Listener(
                channel,
                new SocketItem(
                        channel,
                        new Description(kind, StandardProtocolFamily.UNIX, name, address, null, null),
                        new ListenerTraits(address, file)),
                file ? SocketPath.of(address) : SocketPath.none(),
                null);
    }

    private static ServerChannel boundUnix(
            DomainSocketAddress address, LateBindingConfig config, NativeTransport transport) throws IOException {
        try {
            Socket socket = UnixSockets.stream();
            try {
                socket.bind(address);
                socket.listen(config.getBacklog());
                return (ServerChannel) transport.adopt(DescriptorKind.UNIX_LISTENER, socket.intValue());
            } catch (Throwable t) {
                UnixSockets.closeBecause(t, socket);
                throw t;
            }
        } catch (IOException e) {
            throw bindFailure(address, e);
        }
    }

    private static void bind(ServerChannel channel, SocketAddress address, EventLoop loop) throws Exception {
        try {
            Listener.registerNow(channel, loop);
        } catch (Exception e) {
            channel.unsafe().closeForcibly();
            throw e;
        }
        Throwable cause = channel.bind(address).cause();
        if (cause != null) {
            channel.close();
            throw cause instanceof IOException e
                    ? bindFailure(address, e)
                    : cause instanceof Exception e ? e : new IllegalStateException(cause);
        }
    }

    /** As {@code cause}, and what the application can do about it. */
    static BindException bindFailure(SocketAddress address, IOException cause) {
        String reason = String.valueOf(cause.getMessage());
        BindException failure = new BindException(Addresses.format(address) + ": " + reason
                + (reason.contains("in use")
                        ? "; if another copy of this application listens there, give both the same handoffPath: this one"
                                + " takes over then"
                        : ""));
        failure.initCause(cause);
        return failure;
    }

    /** @throws RuntimeException if one cannot be set; the channel is closed then */
    private static void applyOptions(
            Channel channel, LateBindingConfig config, @Nullable NativeTransport sharedThrough) {
        try {
            setOptions(channel, config, sharedThrough);
        } catch (Throwable t) {
            channel.unsafe().closeForcibly();
            throw t;
        }
    }

    private static void setOptions(Channel channel, LateBindingConfig config, @Nullable NativeTransport sharedThrough) {
        List<String> withheld = new ArrayList<>();
        for (Map.Entry<ChannelOption<?>, Object> entry : config.early().entrySet()) {
            if (entry.getKey().equals(ChannelOption.AUTO_READ)) {
                continue;
            }
            if (sharedThrough != null && config.reachesSocket(entry.getKey(), sharedThrough)) {
                withheld.add(entry.getKey().name());
            } else if (!setOption(channel, entry.getKey(), entry.getValue())) {
                LOGGER.warn("Unknown channel option '{}' for channel '{}'", entry.getKey(), channel);
            }
        }
        if (!withheld.isEmpty()) {
            LOGGER.info(
                    "graceful-netty: {} of an inherited listener stay as they are, the socket is shared with its"
                            + " predecessor",
                    String.join(", ", withheld));
        }
    }

    @SuppressWarnings("unchecked")
    private static boolean setOption(Channel channel, ChannelOption<?> option, Object value) {
        return channel.config().setOption((ChannelOption<Object>) option, value);
    }
}
