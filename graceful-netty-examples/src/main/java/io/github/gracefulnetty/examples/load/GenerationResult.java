// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import java.time.Duration;

/**
 * What one server process did. Its answers name it; whatever is not an answer belongs to the process that answered last
 * on the same connection, or where the connection has none, to the newest generation that had answered any client by
 * then. Before the first answer of all, that is generation 0 with pid 0, which is listed only when something is
 * attributed to it.
 *
 * @param generation as the server counts them
 * @param pid of the server process
 * @param answered requests answered
 * @param lost requests lost
 * @param refused connects that failed
 * @param stuck requests without a response in time
 * @param reconnects keep-alive connections that the server ended without harm to a request
 * @param firstAnswer time from the beginning of the load to the first answer; zero when there was none
 * @param lastAnswer time from the beginning of the load to the last answer; zero when there was none
 * @param latency of the answers
 */
public record GenerationResult(
        int generation,
        long pid,
        long answered,
        long lost,
        long refused,
        long stuck,
        long reconnects,
        Duration firstAnswer,
        Duration lastAnswer,
        Latency latency) {}
