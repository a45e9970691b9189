// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.connection.ConnectionEnds;
import java.time.Duration;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * What a drain did.
 *
 * @param connections how many connections were open when it began
 * @param took how long it took
 * @param byProtocol how they ended, by protocol: see {@link io.github.gracefulnetty.ExitReport#byProtocol}
 */
public record DrainResult(int connections, Duration took, Map<String, ConnectionEnds> byProtocol) {
    private int sum(ToIntFunction<ConnectionEnds> column) {
        return byProtocol.values().stream().mapToInt(column).sum();
    }

    /** How many have moved to the successor. */
    public int moved() {
        return sum(ConnectionEnds::moved);
    }

    /** How many were closed by force. */
    public int forced() {
        return sum(ConnectionEnds::forced);
    }

    /** How many were lost on their way to the successor. */
    public int lost() {
        return sum(ConnectionEnds::lost);
    }

    /** How many it has ended: those that were opened while it lasted, too. */
    public int total() {
        return sum(ConnectionEnds::total);
    }
}
