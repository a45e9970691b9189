// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import org.HdrHistogram.Histogram;

/**
 * Latencies in milliseconds, measured from the moment a client wants to send a request (so with the time to connect,
 * when it has to connect first) to the last byte of the response. All are 0 when there was no answer.
 */
public record Latency(long count, double p50, double p99, double p999, double max) {

    private static final double MICROS_PER_MILLI = 1_000.0;

    static Latency ofMicros(Histogram histogram) {
        return new Latency(
                histogram.getTotalCount(),
                histogram.getValueAtPercentile(50) / MICROS_PER_MILLI,
                histogram.getValueAtPercentile(99) / MICROS_PER_MILLI,
                histogram.getValueAtPercentile(99.9) / MICROS_PER_MILLI,
                histogram.getMaxValue() / MICROS_PER_MILLI);
    }
}
