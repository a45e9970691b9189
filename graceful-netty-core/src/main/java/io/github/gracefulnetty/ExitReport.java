// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.connection.ConnectionEnds;
import io.github.gracefulnetty.internal.connections.DrainResult;
import io.github.gracefulnetty.internal.upgrade.GracefulRuntime;
import java.time.Duration;
import java.util.Map;

/**
 * Why this process may exit, and what became of its connections.
 *
 * @param handedOver {@code true} if another process serves now, {@code false} if this process was told to stop
 * @param connections how many connections were open when the drain began
 * @param moved how many of them moved to the successor, without their clients' notice
 * @param forced how many of them were still open at the drain deadline and were closed by force
 * @param drainTook how long the drain took
 * @param byProtocol how the connections ended, those included that were opened during the drain, by protocol:
 *     {@code http/1.1}, {@code http/2}, {@code websocket}, {@code datagram} for sockets without connections, and
 *     {@code other}; sorted by name, without protocols that had none
 */
public record ExitReport(
        boolean handedOver,
        int connections,
        int moved,
        int forced,
        Duration drainTook,
        Map<String, ConnectionEnds> byProtocol) {
    static ExitReport of(GracefulRuntime.Exit exit) {
        DrainResult drain = exit.drain();
        return new ExitReport(
                exit.handedOver(),
                drain.connections(),
                drain.moved(),
                drain.forced(),
                drain.took(),
                drain.byProtocol());
    }

    /** How many connections ended by themselves, or as their protocol asks; those included that were idle. */
    public int drained() {
        return byProtocol.values().stream()
                .mapToInt(ends -> ends.drained() + ends.idle())
                .sum();
    }

    /** How many connections had left for the successor, and neither process could build again: the log says why. */
    public int lost() {
        return byProtocol.values().stream().mapToInt(ConnectionEnds::lost).sum();
    }
}
