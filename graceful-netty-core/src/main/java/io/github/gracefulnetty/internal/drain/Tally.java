// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.drain;

import io.github.gracefulnetty.connection.ConnectionEnds;
import io.netty.channel.Channel;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Who was told to end and has not, and how the others did, by protocol. Safe for use by several threads. */
final class Tally implements ConnectionTracker.Watcher {
    private static final ConnectionEnds DRAINED = new ConnectionEnds(0, 1, 0, 0);
    private static final ConnectionEnds IDLE = new ConnectionEnds(0, 0, 1, 0);
    private static final ConnectionEnds FORCED = new ConnectionEnds(0, 0, 0, 1);

    private final ConnectionTracker connections;
    private final @Nullable Mover mover;
    private final Set<Channel> forced = ConcurrentHashMap.newKeySet();
    private final SortedMap<String, ConnectionEnds> ends = new TreeMap<>();

    /** @param mover who takes connections away, and counts those */
    Tally(ConnectionTracker connections, @Nullable Mover mover) {
        this.connections = connections;
        this.mover = mover;
    }

    /** Counts the end of {@code connection}; {@code false} if it is known already. */
    boolean watch(ConnectionTracker.Tracked connection) {
        return ConnectionTracker.watch(connection, this);
    }

    /** This one is closed by force from now on. */
    void force(Channel connection) {
        forced.add(connection);
    }

    @Override
    public void ended(ConnectionTracker.Tracked one) {
        Channel connection = one.channel();
        if (mover != null && mover.hasLeft(connection)) {
            return;
        }
        String protocol = ConnectionDrain.protocol(connection);
        boolean idle = ConnectionDrain.isIdleSinceTold(connection);
        boolean byForce = connection.isOpen() || forced.contains(connection);
        synchronized (ends) {
            if (one.count()) {
                ends.merge(protocol, byForce ? FORCED : idle ? IDLE : DRAINED, Tally::sum);
            }
        }
    }

    private static ConnectionEnds sum(ConnectionEnds one, ConnectionEnds other) {
        return new ConnectionEnds(
                one.moved() + other.moved(),
                one.drained() + other.drained(),
                one.idle() + other.idle(),
                one.forced() + other.forced());
    }

    /** The result, when the drain is over: who is open still counts as closed by force. */
    Map<String, ConnectionEnds> result() {
        connections.forEachWatched(this, this::ended);
        Map<String, Integer> moved = mover == null ? Map.of() : mover.moved();
        synchronized (ends) {
            moved.forEach((protocol, count) -> ends.merge(protocol, new ConnectionEnds(count, 0, 0, 0), Tally::sum));
            return Collections.unmodifiableSortedMap(new TreeMap<>(ends));
        }
    }
}
