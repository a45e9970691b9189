// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.connection;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;

/**
 * Fired through the pipeline of each connection, as a user event, when its process begins to drain. A protocol that
 * graceful-netty does not know should finish what is in progress and close; what is still open at the drain deadline is
 * closed by force. A connection that moves to the successor gets no event, unless what is in progress on it lasts for a
 * second: it moves when that has ended, so an endless response should be ended.
 */
public enum DrainEvent {
    /** The only one. */
    INSTANCE;

    /** Set by whoever fires the event. */
    private static final AttributeKey<Boolean> BEGUN = AttributeKey.valueOf(DrainEvent.class, "BEGUN");

    /** For handlers that come late: whether the event has been fired through the pipeline of {@code connection}. */
    public static boolean hasBegun(Channel connection) {
        return connection.hasAttr(BEGUN);
    }
}
