// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.connection.ConnectionEnds;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What became of the connections of one drain, by protocol: each is in exactly one column, and the columns add up to all
 * that there were. Safe for use by several threads.
 */
public final class Ledger {
    /** What becomes of a connection. */
    enum Column {
        MOVED,
        DRAINED,
        IDLE,
        FORCED,
        LOST
    }

    private final SortedMap<String, ConnectionEnds> ends = new TreeMap<>();
    private int entered;
    private int settled;

    Ledger() {}

    /** One more has to end. */
    synchronized void enter() {
        entered++;
    }

    /** It was one that has come back, under another entry, or is counted elsewhere from now on. */
    synchronized void strike() {
        entered--;
    }

    synchronized void settle(String protocol, Column column) {
        settled++;
        ends.merge(protocol, one(column), Ledger::sum);
    }

    private static ConnectionEnds one(Column column) {
        return switch (column) {
            case MOVED -> new ConnectionEnds(1, 0, 0, 0, 0);
            case DRAINED -> new ConnectionEnds(0, 1, 0, 0, 0);
            case IDLE -> new ConnectionEnds(0, 0, 1, 0, 0);
            case FORCED -> new ConnectionEnds(0, 0, 0, 1, 0);
            case LOST -> new ConnectionEnds(0, 0, 0, 0, 1);
        };
    }

    private static ConnectionEnds sum(ConnectionEnds one, ConnectionEnds other) {
        return new ConnectionEnds(
                one.moved() + other.moved(),
                one.drained() + other.drained(),
                one.idle() + other.idle(),
                one.forced() + other.forced(),
                one.lost() + other.lost());
    }

    /** How many have entered and are in no column. */
    public synchronized int open() {
        return entered - settled;
    }

    /** The columns now. */
    public synchronized SortedMap<String, ConnectionEnds> ends() {
        return Collections.unmodifiableSortedMap(new TreeMap<>(ends));
    }
}
