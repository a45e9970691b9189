// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/**
 * One thing that went wrong, with all that the client knows about it.
 *
 * @param kind what it counts as
 * @param time wall-clock time
 * @param at time since the load began
 * @param profile the name of the client's profile
 * @param cause what the client saw
 * @param localAddress the client's end of the connection, or "-" without a connection
 * @param request the number of the request on its connection, 1 for the first; 0 when there was none
 * @param connectionAge time since the connection was opened; zero without a connection
 * @param inFlight time since the request was written; zero when there was none
 * @param generation the generation it is attributed to, see {@link GenerationResult}
 * @param newestGeneration the newest generation that had answered anyone by then; 0 for none
 */
public record Incident(
        Kind kind,
        Instant time,
        Duration at,
        String profile,
        String cause,
        String localAddress,
        long request,
        Duration connectionAge,
        Duration inFlight,
        int generation,
        int newestGeneration) {

    /** What an incident counts as. */
    public enum Kind {
        /** A request was written, in part at least, and no complete, correct response came back. */
        LOST,
        /** A connection could not be opened. */
        REFUSED,
        /** No complete response within the limit. */
        STUCK,
        /** Bytes arrived that belong to no request. */
        UNSOLICITED,
        /** The server ended a keep-alive connection, without harm to a request. */
        RECONNECT
    }

    @Override
    public String toString() {
        String where = localAddress.equals("-")
                ? "no connection"
                : String.format(
                        Locale.ROOT,
                        "%s, request %d of the connection, opened %d ms and written %d ms before",
                        localAddress,
                        request,
                        connectionAge.toMillis(),
                        inFlight.toMillis());
        return String.format(
                Locale.ROOT,
                "%s %s at %.3f s (%s): %s [%s; generation %d, newest %d]",
                profile,
                kind,
                at.toNanos() / 1e9,
                time,
                cause,
                where,
                generation,
                newestGeneration);
    }
}
