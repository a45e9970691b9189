// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.wire.Fields;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.ProtocolException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.SocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a connection takes along, as the metadata of its descriptor.
 *
 * @param listener where the listener that accepted it is bound
 * @param listenerName the name of that listener, empty if it has none
 * @param protocol what is spoken on it: HTTP/1.1, WebSocket or, where only the application knows, {@link #OTHER}
 * @param states the states of its handlers, by name
 */
record Luggage(SocketAddress listener, String listenerName, String protocol, Map<String, byte[]> states) {
    static final String OTHER = "";

    /** The name of the state that is the request which opened a WebSocket. */
    static final String HANDSHAKE = "graceful-netty/handshake";

    private static final int MOST_STATES = 1 << 8;

    Luggage with(Map<String, byte[]> other) {
        return new Luggage(listener, listenerName, protocol, other);
    }

    /** @throws IllegalArgumentException if that is too much */
    Bytes toBytes() {
        ByteBuf out = Unpooled.buffer();
        Fields.writeAddress(listener, out);
        Fields.writeString(listenerName, out);
        Fields.writeString(protocol, out);
        out.writeShort(states.size());
        states.forEach((name, state) -> {
            Fields.writeString(name, out);
            Fields.writeBytes(Bytes.of(state), MessageCodec.MAX_METADATA, out);
        });
        if (out.readableBytes() > MessageCodec.MAX_METADATA || states.size() > MOST_STATES) {
            throw new IllegalArgumentException("its state has " + out.readableBytes() + " bytes under " + states.size()
                    + " names, at most " + MessageCodec.MAX_METADATA + " under " + MOST_STATES + " can move");
        }
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        return Bytes.of(bytes);
    }

    /** @throws ProtocolException if {@code metadata} is not what {@link #toBytes} wrote */
    static Luggage of(Bytes metadata) {
        ByteBuf in = Unpooled.wrappedBuffer(metadata.array());
        try {
            SocketAddress listener = Fields.readAddress(in);
            String listenerName = Fields.readString(in);
            String protocol = Fields.readString(in);
            int count = in.readUnsignedShort();
            Map<String, byte[]> states = new LinkedHashMap<>();
            for (int i = 0; i < count; i++) {
                states.put(
                        Fields.readString(in),
                        Fields.readBytes(in, MessageCodec.MAX_METADATA).array());
            }
            if (in.isReadable() || states.size() != count || count > MOST_STATES) {
                throw new ProtocolException("what goes with a connection was not written by graceful-netty");
            }
            return new Luggage(listener, listenerName, protocol, states);
        } catch (IndexOutOfBoundsException e) {
            throw new ProtocolException("what goes with a connection ends in the middle of a field");
        }
    }
}
