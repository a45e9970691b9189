// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.internal.listener.ListenerChannel;
import io.github.gracefulnetty.internal.protocols.Blueprint;
import io.github.gracefulnetty.internal.protocols.HttpExchanges;
import io.github.gracefulnetty.internal.protocols.Inflow;
import io.github.gracefulnetty.internal.protocols.WebSocketFrames;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a connection may move: what its initializer has built, and what has watched it since.
 *
 * @param origin the listener that accepted it
 * @param built its pipeline, before it has read anything
 * @param exchanges what knows its HTTP/1.1 exchanges, {@code null} for another protocol
 * @param inflows of its other decoders
 */
record Candidate(
        ListenerChannel origin, Blueprint built, @Nullable HttpExchanges exchanges, List<Inflow> inflows) {
    String protocol() {
        if (exchanges == null) {
            return Luggage.OTHER;
        }
        return webSocket() == null ? HttpExchanges.HTTP_1 : HttpExchanges.WEB_SOCKET;
    }

    /** {@code null} if it is none, or none whose state is known. */
    @Nullable
    WebSocketFrames webSocket() {
        return exchanges == null ? null : exchanges.webSocket();
    }
}
