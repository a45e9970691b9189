// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The accounts of a {@link StrictClient}, consistent at one moment: {@code sent == answered + lost + stuck + inFlight}.
 * In the final result nothing is in flight.
 *
 * @param startedAt when the load began
 * @param elapsed since then
 * @param sent requests written, in part at least
 * @param answered complete 200 responses with a body of {@code <pid> <generation>\n}
 * @param lost requests whose connection ended before the response was complete, or whose response was not such a one
 * @param refused connects that failed
 * @param reconnects times a keep-alive client had to open another connection because the server closed it between two
 *     requests or said {@code Connection: close}; a connection lost with its request counts only as lost
 * @param stuck requests without a complete response within the limit
 * @param unsolicited connections on which bytes arrived that belong to no request
 * @param inFlight requests that wait for their response
 * @param connections connections open now
 * @param latency of all answers
 * @param generations each server process, by generation
 * @param timeline the answers over time
 * @param incidents the first of each kind, in the order in which they happened
 */
public record LoadResult(
        Instant startedAt,
        Duration elapsed,
        long sent,
        long answered,
        long lost,
        long refused,
        long reconnects,
        long stuck,
        long unsolicited,
        int inFlight,
        int connections,
        Latency latency,
        List<GenerationResult> generations,
        Timeline timeline,
        List<Incident> incidents) {

    /** Whether no client noticed anything: nothing lost, refused, stuck or unsolicited. Reconnects do not matter. */
    public boolean clean() {
        return lost == 0 && refused == 0 && stuck == 0 && unsolicited == 0;
    }

    /** The newest generation that answered; 0 before the first answer. */
    public int newestGeneration() {
        return generations.isEmpty()
                ? 0
                : generations.get(generations.size() - 1).generation();
    }

    /** The process that answered as {@code generation}; the one with the most answers, should several say so. */
    public Optional<GenerationResult> generation(int generation) {
        return generations.stream()
                .filter(each -> each.generation() == generation)
                .max((a, b) -> Long.compare(a.answered(), b.answered()));
    }

    /** The counts in one line, then each incident on its own. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%.1f s: %d sent, %d answered, %d lost, %d refused, %d stuck, %d unsolicited, %d reconnects, %d in flight",
                elapsed.toNanos() / 1e9,
                sent,
                answered,
                lost,
                refused,
                stuck,
                unsolicited,
                reconnects,
                inFlight));
        for (GenerationResult each : generations) {
            text.append(String.format(
                    Locale.ROOT,
                    "%n  generation %d, pid %d: %d answered",
                    each.generation(),
                    each.pid(),
                    each.answered()));
        }
        incidents.forEach(
                each -> text.append(System.lineSeparator()).append("  ").append(each));
        return text.toString();
    }
}
