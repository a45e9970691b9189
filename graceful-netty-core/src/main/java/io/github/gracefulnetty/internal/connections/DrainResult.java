// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.drain;

import io.github.gracefulnetty.connection.ConnectionEnds;
import java.time.Duration;
import java.util.Map;

/**
 * What a drain did.
 *
 * @param connections how many connections were open when it began
 * @param forced how many of them were still open at the deadline and were closed
 * @param took how long it took
 * @param byProtocol how they ended, by protocol: see {@link io.github.gracefulnetty.ExitReport#byProtocol}
 */
public record DrainResult(int connections, int forced, Duration took, Map<String, ConnectionEnds> byProtocol) {
    /** How many have moved to the successor. */
    public int moved() {
        return byProtocol.values().stream().mapToInt(ConnectionEnds::moved).sum();
    }

    /** How many it has ended: those that were opened while it lasted, too. */
    public int total() {
        return Math.max(
                connections,
                byProtocol.values().stream().mapToInt(ConnectionEnds::total).sum());
    }
}
