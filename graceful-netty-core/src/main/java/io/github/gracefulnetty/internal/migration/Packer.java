// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.migration;

import io.github.gracefulnetty.internal.protocol.Bytes;
import io.github.gracefulnetty.internal.protocol.Description;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.migration.ConnectionMoved;
import io.github.gracefulnetty.migration.Migratable;
import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.SocketFacts;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Makes a {@link Move} of a connection. On the connection's event loop, in one task with the check that it is idle. */
final class Packer {
    private final NativeTransport transport;

    Packer(NativeTransport transport) {
        this.transport = transport;
    }

    /**
     * Takes the state and a copy of the descriptor, tells the handlers, and closes the channel: no event loop reads from
     * the connection any more.
     *
     * @throws Exception if it cannot move; nothing has happened then
     */
    Move pack(Channel connection, Candidate candidate, Duplicator duplicator) throws Exception {
        UnixChannel channel = (UnixChannel) connection;
        SocketFacts facts = transport.inspect(channel);
        DescriptorSender.Item listener =
                Objects.requireNonNull(candidate.origin().item(), "its listener cannot be handed on");
        FileDescriptor copy = duplicator.duplicate(channel.fd());
        Move move;
        try {
            Luggage luggage = new Luggage(
                    Objects.requireNonNull(listener.description().local(), "a listener is bound"),
                    listener.description().name(),
                    candidate.protocol(),
                    states(connection, candidate));
            Bytes metadata = luggage.toBytes();
            move = new Move(
                    new Description(facts.kind(), facts.family(), "", facts.local(), facts.remote(), null),
                    luggage,
                    metadata,
                    copy);
        } catch (Exception e) {
            closeQuietly(copy, e);
            throw e;
        }
        connection.pipeline().fireUserEventTriggered(ConnectionMoved.INSTANCE);
        // Past the handlers: some write when they close.
        connection.unsafe().close(connection.newPromise());
        return move;
    }

    private static void closeQuietly(FileDescriptor copy, Exception because) {
        try {
            copy.close();
        } catch (IOException e) {
            because.addSuppressed(e);
        }
    }

    private static Map<String, byte[]> states(Channel connection, Candidate candidate) throws Exception {
        Map<String, byte[]> states = new LinkedHashMap<>();
        WebSocketFrames webSocket = candidate.webSocket();
        if (webSocket != null) {
            states.put(Luggage.HANDSHAKE, webSocket.handshake());
        }
        for (Map.Entry<String, ChannelHandler> entry : connection.pipeline()) {
            if (entry.getValue() instanceof Migratable handler) {
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
