// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.netty.channel.Channel;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

/** Sends named application states, no faster than the receiver takes them. On the byte connection's event loop. */
final class StateSender {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(StateSender.class);

    /** Small enough to be a small part of the connection's buffers. */
    private static final int PIECE = 1 << 15;

    private final Channel bytes;
    private final Deque<Map.Entry<String, InputStream>> states;
    private long total;
    private boolean sending;

    /** Owns the streams. */
    StateSender(Channel bytes, Map<String, InputStream> states) {
        this.bytes = bytes;
        this.states = new ArrayDeque<>(states.entrySet());
    }

    /**
     * Sends as much as fits now; to be called again whenever there is room.
     *
     * @return {@code true} once: when the last piece was sent
     * @throws IOException if a stream fails, or there is too much; a stream may throw anything else, too
     */
    boolean sendMore() throws IOException {
        if (sending || states.isEmpty()) {
            return false;
        }
        sending = true; // a flush may find room at once, and lead here again
        try {
            for (Map.Entry<String, InputStream> state; (state = states.peek()) != null; ) {
                if (!bytes.isWritable()) {
                    bytes.flush();
                    if (!bytes.isWritable()) {
                        return false;
                    }
                }
                sendPiece(state.getKey(), state.getValue());
            }
            bytes.flush();
        } finally {
            sending = false;
        }
        return true;
    }

    private void sendPiece(String name, InputStream stream) throws IOException {
        byte[] piece = stream.readNBytes(PIECE);
        total += piece.length;
        if (total > MessageCodec.MAX_STATE) {
            throw new IOException(
                    "the application state is larger than " + MessageCodec.MAX_STATE + " bytes, at '" + name + "'");
        }
        boolean last = piece.length < PIECE;
        if (last) {
            states.remove();
            stream.close();
        }
        bytes.write(new Message.State(name, last, Bytes.of(piece)));
    }

    /** Closes what was not sent. A stream that cannot be closed is logged. */
    void close() {
        for (Map.Entry<String, InputStream> state; (state = states.poll()) != null; ) {
            try {
                state.getValue().close();
            } catch (Throwable t) {
                LOGGER.warn("graceful-netty: cannot close the application state '{}'", state.getKey(), t);
            }
        }
    }
}
