// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.drain;

import io.github.gracefulnetty.connection.DrainEvent;
import io.netty.channel.Channel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Connections that are to move and do not become idle: what is in progress may have no end, as a stream of events, so its
 * handlers have to hear of the drain. Who is looked at twice and busy both times is told, and moves all the same when that ends.
 */
final class Lasting {
    /** Between two looks. */
    static final long LOOK_MILLIS = 1_000;

    private final Mover mover;
    private final Set<Channel> busy = ConcurrentHashMap.newKeySet();

    Lasting(Mover mover) {
        this.mover = mover;
    }

    /** On the connection's event loop. */
    void look(Channel connection) {
        if (!mover.isBusy(connection) || DrainEvent.hasBegun(connection)) {
            busy.remove(connection);
        } else if (!busy.add(connection)) {
            busy.remove(connection);
            mover.insist(connection);
            DrainNotice.fire(connection);
        }
    }
}
