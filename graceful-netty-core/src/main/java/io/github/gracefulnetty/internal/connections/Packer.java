// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.connection.ConnectionMoved;
import io.github.gracefulnetty.connection.Migratable;
import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.UnixSockets;
import io.github.gracefulnetty.internal.process.SocketPair;
import io.github.gracefulnetty.internal.protocols.DrainGuard;
import io.github.gracefulnetty.internal.protocols.WebSocketFrames;
import io.github.gracefulnetty.internal.transfer.DescriptorReceiver;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Makes a {@link Move} of a connection. On the connection's event loop, in one task with the check that it is idle. */
final class Packer {
    /** What a connection without states takes along: the same as the one before, most of the time. */
    private record Plain(DescriptorSender.Item listener, Luggage luggage, Bytes metadata) {}

    private final NativeTransport transport;
    private volatile @Nullable Plain last;

    Packer(NativeTransport transport) {
        this.transport = transport;
    }

    /**
     * Takes the state and a copy of the descriptor, tells the handlers, and closes the channel: no event loop reads from
     * the connection any more.
     *
     * @param handlers of its pipeline
     * @throws Exception if it cannot move; nothing has happened then
     */
    Move pack(Connection connection, Candidate candidate, Map<String, ChannelHandler> handlers, SocketPair copier)
            throws Exception {
        UnixChannel channel = (UnixChannel) connection.channel();
        DescriptorSender.Item listener =
                Objects.requireNonNull(candidate.origin().item(), "its listener cannot be handed over");
        Description description = describe(channel, listener.description());
        String protocol = candidate.protocol();
        FileDescriptor copy = copy(channel, copier);
        Move move;
        try {
            Plain plain = plain(listener, protocol);
            Map<String, byte[]> states = states(connection.channel(), handlers, candidate);
            Bytes metadata = states.isEmpty()
                    ? plain.metadata()
                    : plain.luggage().with(states).toBytes();
            move = new Move(
                    connection, description, protocol.equals(Luggage.OTHER) ? "other" : protocol, metadata, copy);
        } catch (Throwable t) {
            UnixSockets.closeBecause(t, copy);
            throw t;
        }
        leave(connection);
        return move;
    }

    private static FileDescriptor copy(UnixChannel channel, SocketPair copier) throws IOException {
        try {
            return copier.copy(channel.fd().intValue());
        } catch (IOException e) {
            throw new IOException(DescriptorReceiver.whyNotReceived(e), e);
        }
    }

    /** From here on it is on its way, whatever its handlers do. */
    private static void leave(Connection connection) {
        Channel channel = connection.channel();
        connection.leave();
        channel.pipeline().addFirst(Gone.INSTANCE);
        DrainGuard.quietly(
                channel,
                "leaves, and a handler fails",
                () -> channel.pipeline().fireUserEventTriggered(ConnectionMoved.INSTANCE));
        // Past the handlers: some write when they close.
        DrainGuard.quietly(
                channel, "leaves, and a handler fails", () -> channel.unsafe().close(channel.newPromise()));
    }

    /** A TCP connection is of its listener's family and knows its addresses: no question to the kernel for each. */
    private Description describe(UnixChannel channel, Description listener) throws IOException {
        SocketAddress local = channel.localAddress();
        SocketAddress remote = channel.remoteAddress();
        if (listener.kind() == DescriptorKind.TCP_LISTENER && local != null && remote != null) {
            return new Description(DescriptorKind.TCP_CONNECTION, listener.family(), "", local, remote, null);
        }
        return Description.of(transport.inspect(channel), "");
    }

    private Plain plain(DescriptorSender.Item listener, String protocol) {
        Plain known = last;
        if (known != null
                && known.listener() == listener
                && known.luggage().protocol().equals(protocol)) {
            return known;
        }
        Luggage luggage = new Luggage(
                Objects.requireNonNull(listener.description().local(), "a listener is bound"),
                listener.description().name(),
                protocol,
                Map.of());
        Plain made = new Plain(listener, luggage, luggage.toBytes());
        last = made;
        return made;
    }

    private static Map<String, byte[]> states(
            Channel connection, Map<String, ChannelHandler> handlers, Candidate candidate) throws Exception {
        Map<String, byte[]> states = new LinkedHashMap<>();
        WebSocketFrames webSocket = candidate.webSocket();
        if (webSocket != null) {
            states.put(Luggage.HANDSHAKE, webSocket.handshake());
        }
        for (ChannelHandler one : handlers.values()) {
            if (one instanceof Migratable handler) {
                ChannelHandlerContext context = connection.pipeline().context(handler);
                byte[] state = context == null ? new byte[0] : handler.state(context);
                if (state.length > 0 && states.put(handler.stateName(), state) != null) {
                    throw new IllegalStateException("two handlers call their state '" + handler.stateName() + "'");
                }
            }
        }
        return states;
    }
}
