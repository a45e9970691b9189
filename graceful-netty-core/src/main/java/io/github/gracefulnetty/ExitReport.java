// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import java.time.Duration;

/**
 * Why this process may exit, and what became of its connections.
 *
 * @param handedOver {@code true} if another process serves now, {@code false} if this process was told to stop
 * @param connections how many connections were open when the drain began
 * @param migrated how many of them moved to the successor, without their clients' notice
 * @param forced how many of them were still open at the drain deadline and were closed by force
 * @param drainTook how long the drain took
 */
public record ExitReport(boolean handedOver, int connections, int migrated, int forced, Duration drainTook) {
    /** How many connections ended by themselves, or as their protocol asks. */
    public int drained() {
        return Math.max(0, connections - migrated - forced);
    }
}
