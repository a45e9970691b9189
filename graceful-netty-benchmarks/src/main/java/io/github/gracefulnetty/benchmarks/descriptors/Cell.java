// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.descriptors;

import io.github.gracefulnetty.benchmarks.Samples;
import java.util.Locale;

/** What was measured for one kind, one outcome and one number of descriptors, in descriptors per second. */
final class Cell {
    private static final double NANOS_PER_SECOND = 1e9;

    final Kind kind;
    final Outcome outcome;
    final int count;
    final Samples warm = new Samples();
    final Samples bare = new Samples();
    final Samples floor = new Samples();
    private double cold;

    Cell(Kind kind, Outcome outcome, int count) {
        this.kind = kind;
        this.outcome = outcome;
        this.count = count;
    }

    void cold(String nanos) {
        cold = rate(nanos);
    }

    void warm(String nanos) {
        warm.add(rate(nanos));
    }

    void bare(String nanos) {
        bare.add(rate(nanos));
    }

    void floor(String nanos) {
        floor.add(rate(nanos));
    }

    private double rate(String nanos) {
        return count * NANOS_PER_SECOND / Long.parseLong(nanos);
    }

    static String head() {
        return String.format(
                Locale.ROOT,
                "%-10s %-10s %6s  %9s %9s %19s  %9s %9s %6s",
                "kind",
                "outcome",
                "number",
                "cold/s",
                "warm/s",
                "(min to max)",
                "bare/s",
                "floor/s",
                "ratio");
    }

    /** Kind, outcome and number. */
    String title() {
        return String.format(
                Locale.ROOT,
                "%-10s %-10s %6d",
                kind.name().toLowerCase(Locale.ROOT),
                outcome.name().toLowerCase(Locale.ROOT),
                count);
    }

    /** Whether only the number differs. */
    boolean isOfSameSort(Cell other) {
        return kind == other.kind && outcome == other.outcome;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%s  %9.0f %9.0f %19s  %9.0f %9.0f %6.3f",
                title(),
                cold,
                warm.median(),
                String.format(Locale.ROOT, "(%.0f to %.0f)", warm.min(), warm.max()),
                bare.median(),
                floor.median(),
                warm.median() / floor.median());
    }
}
