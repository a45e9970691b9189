// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.migration;

import io.github.gracefulnetty.internal.listener.ListenerChannel;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is known of an accepted connection whose pipeline may move. On the connection's event loop. */
final class Candidate {
    private static final AttributeKey<Candidate> KEY = AttributeKey.valueOf(Candidate.class, "CANDIDATE");

    private final ListenerChannel origin;
    private final @Nullable HttpExchanges exchanges;
    private final List<Inflow> inflows;

    /** From which it came back: that one does not try again. */
    private @Nullable Object rejectedBy;

    private volatile boolean left;

    /**
     * @param origin the listener that accepted it
     * @param exchanges what knows its HTTP/1.1 exchanges, {@code null} for another protocol
     * @param inflows of its other decoders
     */
    Candidate(ListenerChannel origin, @Nullable HttpExchanges exchanges, List<Inflow> inflows) {
        this.origin = origin;
        this.exchanges = exchanges;
        this.inflows = inflows;
    }

    /** {@code null} if the connection cannot move. On any thread. */
    static @Nullable Candidate of(Channel connection) {
        return connection.hasAttr(KEY) ? connection.attr(KEY).get() : null;
    }

    void attach(Channel connection) {
        connection.attr(KEY).set(this);
    }

    ListenerChannel origin() {
        return origin;
    }

    @Nullable
    HttpExchanges exchanges() {
        return exchanges;
    }

    List<Inflow> inflows() {
        return inflows;
    }

    String protocol() {
        if (exchanges == null) {
            return Luggage.OTHER;
        }
        return webSocket() == null ? Luggage.HTTP_1 : Luggage.WEB_SOCKET;
    }

    /** {@code null} if it is none, or none whose state is known. */
    @Nullable
    WebSocketFrames webSocket() {
        return exchanges == null ? null : exchanges.webSocket();
    }

    /** Its channel closes because it moves. */
    void leave() {
        left = true;
    }

    /** On any thread, after its channel was closed. */
    boolean hasLeft() {
        return left;
    }

    boolean isRejectedBy(Object migration) {
        return rejectedBy == migration;
    }

    void reject(Object migration) {
        rejectedBy = migration;
    }
}
