// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import java.util.function.LongSupplier;

/**
 * How many connections of one lane may be on their way at a time. Begins with one, and grows by one for each that has been
 * answered in time: so it doubles with each round, and the successor's cold first moves hold up one client and not all. It is
 * halved when an answer is late, by what answers on this lane usually take. On one event loop.
 */
final class Pace {
    /** An answer is late if it takes this many times as long as the quickest one, */
    private static final int LATE = 4;

    /** and this much longer: loops serve others, too. */
    private static final long LATE_NANOS = 10_000_000;

    private final LongSupplier clock;
    private final long[] sentNanos;
    private long quickest = Long.MAX_VALUE;
    private int window = 1;

    /** @param most what it never exceeds */
    Pace(int most) {
        this(most, System::nanoTime);
    }

    /** @param clock in ns */
    Pace(int most, LongSupplier clock) {
        this.clock = clock;
        sentNanos = new long[most];
    }

    /** Whether another one may leave when so many are on their way. */
    boolean allows(int onTheWay) {
        return onTheWay < window;
    }

    /** This one leaves. */
    void sent(int number) {
        sentNanos[Math.floorMod(number, sentNanos.length)] = clock.getAsLong();
    }

    /** The successor has said what has become of this one. */
    void answered(int number) {
        answered(sinceSent(number));
    }

    /** How long ago this one has left, in ns. */
    long sinceSent(int number) {
        return clock.getAsLong() - sentNanos[Math.floorMod(number, sentNanos.length)];
    }

    void answered(long nanos) {
        quickest = Math.min(quickest, nanos);
        window =
                nanos > LATE * quickest + LATE_NANOS ? Math.max(1, window / 2) : Math.min(sentNanos.length, window + 1);
    }

    /** How many may be on their way now. */
    int window() {
        return window;
    }
}
