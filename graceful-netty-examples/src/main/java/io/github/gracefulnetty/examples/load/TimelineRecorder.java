// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/** Collects the bucket that is being filled and keeps the finished ones. Confined to the event loop. */
final class TimelineRecorder {

    private final long bucketNanos;
    private final List<Timeline.Bucket> finished = new ArrayList<>();
    private final SortedMap<Integer, long[]> answers = new TreeMap<>();
    private final Histogram latency = new Histogram(1, Recorder.MAX_MICROS, 2);

    TimelineRecorder(Duration bucketWidth) {
        bucketNanos = bucketWidth.toNanos();
    }

    void answered(int generation, long micros, long atNanos) {
        advanceTo(atNanos);
        answers.computeIfAbsent(generation, unused -> new long[1])[0]++;
        latency.recordValue(micros);
    }

    Timeline result(long atNanos) {
        advanceTo(atNanos);
        List<Timeline.Bucket> buckets = new ArrayList<>(finished);
        buckets.add(current());
        return new Timeline(Duration.ofNanos(bucketNanos), List.copyOf(buckets));
    }

    private void advanceTo(long atNanos) {
        while (finished.size() < atNanos / bucketNanos) {
            finished.add(current());
            answers.clear();
            latency.reset();
        }
    }

    private Timeline.Bucket current() {
        SortedMap<Integer, Long> counts = new TreeMap<>();
        answers.forEach((generation, count) -> counts.put(generation, count[0]));
        Latency summary = Latency.ofMicros(latency);
        return new Timeline.Bucket(Collections.unmodifiableSortedMap(counts), summary.p99(), summary.max());
    }
}
