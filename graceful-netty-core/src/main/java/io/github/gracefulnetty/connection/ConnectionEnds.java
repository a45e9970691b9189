// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.connection;

import java.util.Map;
import java.util.stream.Collectors;

/**
 * How many connections of one protocol ended a drain in which way.
 *
 * @param moved those that went to the successor, without their clients' notice
 * @param drained ended as their protocol asks, or by their clients, with the last exchange complete as far as is known
 * @param idle ended without any exchange since the drain began: known of HTTP/1.1 and HTTP/2 only
 * @param forced still open at the drain deadline, and closed by force
 * @param lost neither the successor nor this process could serve it after it had left: the log says why
 */
public record ConnectionEnds(int moved, int drained, int idle, int forced, int lost) {
    /** All of them. */
    public int total() {
        return moved + drained + idle + forced + lost;
    }

    /** For a person: "http/1.1: 8 moved, 1 drained; websocket: 2 moved"; empty if there were none. */
    public static String describe(Map<String, ConnectionEnds> byProtocol) {
        return byProtocol.entrySet().stream()
                .map(entry -> entry.getKey() + ": " + entry.getValue())
                .collect(Collectors.joining("; "));
    }

    /** Only what there is: "8 moved, 1 drained". */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        append(text, moved, "moved");
        append(text, drained, "drained");
        append(text, idle, "closed when idle");
        append(text, forced, "closed by force");
        append(text, lost, "lost");
        return text.toString();
    }

    private static void append(StringBuilder text, int count, String what) {
        if (count > 0) {
            text.append(text.isEmpty() ? "" : ", ").append(count).append(' ').append(what);
        }
    }
}
