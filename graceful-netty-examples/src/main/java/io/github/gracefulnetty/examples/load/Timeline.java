// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import java.time.Duration;
import java.util.List;
import java.util.SortedMap;

/**
 * The load over time, in buckets of equal width.
 *
 * @param bucketWidth of each bucket; bucket {@code i} begins at {@code i * bucketWidth} after the beginning of the load
 * @param buckets without gaps; the last one may be incomplete
 */
public record Timeline(Duration bucketWidth, List<Bucket> buckets) {

    /**
     * One interval.
     *
     * @param answers per generation, in the interval in which the response was complete
     * @param p99 latency in milliseconds, 0 without answers
     * @param max latency in milliseconds, 0 without answers
     */
    public record Bucket(SortedMap<Integer, Long> answers, double p99, double max) {}
}
