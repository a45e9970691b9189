// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.drain;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Who was told to end and has not, and how the others did, by protocol. Safe for use by several threads. */
final class Tally implements ChannelFutureListener {
    private static final ConnectionEnds DRAINED = new ConnectionEnds(0, 1, 0, 0);
    private static final ConnectionEnds IDLE = new ConnectionEnds(0, 0, 1, 0);
    private static final ConnectionEnds FORCED = new ConnectionEnds(0, 0, 0, 1);

    private final @Nullable Mover mover;
    private final Set<Channel> open = ConcurrentHashMap.newKeySet();
    private final Set<Channel> forced = ConcurrentHashMap.newKeySet();
    private final SortedMap<String, ConnectionEnds> ends = new TreeMap<>();

    /** @param mover who takes connections away, and counts those */
    Tally(@Nullable Mover mover) {
        this.mover = mover;
    }

    /** Counts the end of {@code connection}; {@code false} if it is known already. */
    boolean watch(Channel connection) {
        if (!open.add(connection)) {
            return false;
        }
        connection.closeFuture().addListener(this);
        return true;
    }

    /** This one is closed by force from now on. */
    void force(Channel connection) {
        forced.add(connection);
    }

    @Override
    public void operationComplete(ChannelFuture closed) {
        ended(closed.channel());
    }

    private void ended(Channel connection) {
        if (mover != null && mover.hasLeft(connection)) {
            open.remove(connection);
            return;
        }
        String protocol = ConnectionDrain.protocol(connection);
        boolean idle = ConnectionDrain.isIdleSinceTold(connection);
        boolean byForce = connection.isOpen() || forced.contains(connection);
        synchronized (ends) { // who is not open any more has been counted
            if (open.remove(connection)) {
                ends.merge(protocol, byForce ? FORCED : idle ? IDLE : DRAINED, Tally::sum);
            }
        }
    }

    private static ConnectionEnds sum(ConnectionEnds one, ConnectionEnds other) {
        return new ConnectionEnds(
                one.migrated() + other.migrated(),
                one.drained() + other.drained(),
                one.idle() + other.idle(),
                one.forced() + other.forced());
    }

    /** The result, when the drain is over: who is open still counts as closed by force. */
    Map<String, ConnectionEnds> result() {
        open.forEach(this::ended);
        Map<String, Integer> moved = mover == null ? Map.of() : mover.moved();
        synchronized (ends) {
            moved.forEach((protocol, count) -> ends.merge(protocol, new ConnectionEnds(count, 0, 0, 0), Tally::sum));
            return Collections.unmodifiableSortedMap(new TreeMap<>(ends));
        }
    }
}
