// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.ProtocolException;
import java.io.ByteArrayOutputStream;
import java.util.LinkedHashMap;
import java.util.Map;

/** Puts the pieces of named application states together. Holds no more than it was allowed. */
final class StateReceiver {
    private final long most;
    private final Map<String, byte[]> complete = new LinkedHashMap<>();
    private ByteArrayOutputStream pieces = new ByteArrayOutputStream();
    private String current = "";
    private boolean between = true;
    private long total;

    StateReceiver(long most) {
        this.most = most;
    }

    /** @throws ProtocolException if there is too much, or the pieces are out of order */
    void received(Message.State state) {
        if (between) {
            if (complete.containsKey(state.name())) {
                throw new ProtocolException("the application state '" + state.name() + "' was sent twice");
            }
            if (complete.size() == MessageCodec.MAX_STATE_NAMES) {
                throw new ProtocolException("more than " + MessageCodec.MAX_STATE_NAMES + " application states");
            }
            current = state.name();
        } else if (!current.equals(state.name())) {
            throw new ProtocolException(
                    "the application state '" + state.name() + "' began in the middle of '" + current + "'");
        }
        total += state.piece().length();
        if (total > most) {
            throw new ProtocolException("the application state is larger than " + most + " bytes, at '" + current
                    + "': allow more, or send less");
        }
        pieces.writeBytes(state.piece().array());
        between = state.last();
        if (between) {
            complete.put(current, pieces.toByteArray());
            pieces = new ByteArrayOutputStream();
        }
    }

    /** @throws ProtocolException if one has begun and not ended */
    Map<String, byte[]> states() {
        if (!between) {
            throw new ProtocolException("the application state '" + current + "' has no end");
        }
        return complete;
    }
}
