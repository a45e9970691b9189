// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import java.time.Duration;
import org.HdrHistogram.Histogram;

/** The accounts of one server process. Confined to the event loop. */
final class GenerationRecorder {

    final int generation;
    final long pid;
    final Histogram latency = new Histogram(1, Recorder.MAX_MICROS, 3);
    long lost;
    long refused;
    long stuck;
    long reconnects;
    private long firstAnswer;
    private long lastAnswer;

    GenerationRecorder(int generation, long pid) {
        this.generation = generation;
        this.pid = pid;
    }

    void answered(long micros, long atNanos) {
        if (latency.getTotalCount() == 0) {
            firstAnswer = atNanos;
        }
        lastAnswer = atNanos;
        latency.recordValue(micros);
    }

    boolean isEmpty() {
        return latency.getTotalCount() + lost + refused + stuck + reconnects == 0;
    }

    GenerationResult result() {
        return new GenerationResult(
                generation,
                pid,
                latency.getTotalCount(),
                lost,
                refused,
                stuck,
                reconnects,
                Duration.ofNanos(firstAnswer),
                Duration.ofNanos(lastAnswer),
                Latency.ofMicros(latency));
    }
}
