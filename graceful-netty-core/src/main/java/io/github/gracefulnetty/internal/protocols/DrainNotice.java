// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.github.gracefulnetty.connection.DrainEvent;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;

/** Tells the handlers of a connection that its process drains. */
public final class DrainNotice {
    /** The one that {@link DrainEvent#hasBegun} looks at: keys of one name are one. */
    private static final AttributeKey<Boolean> BEGUN = AttributeKey.valueOf(DrainEvent.class, "BEGUN");

    private DrainNotice() {}

    /** On the connection's event loop. */
    public static void fire(Channel connection) {
        connection.attr(BEGUN).set(true);
        connection.pipeline().fireUserEventTriggered(DrainEvent.INSTANCE);
    }
}
