// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import io.github.gracefulnetty.examples.load.GenerationResult;
import io.github.gracefulnetty.examples.load.Incident;
import io.github.gracefulnetty.examples.load.Latency;
import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.Timeline;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Made-up results of the demo. */
final class Runs {

    private static final Latency LATENCY = new Latency(1000, 0.25, 4.5, 9, 77.125);

    private Runs() {}

    /** Two replacements and one that was rolled back, and nothing lost. */
    static DemoResult clean() {
        return new DemoResult(
                load(0, 0, List.of()), steps(), Map.of(102L, "http/1.1: 204 moved, 8 drained"), List.of());
    }

    /** The same with lost and refused requests, and a problem. */
    static DemoResult troubled() {
        Incident incident = new Incident(
                Incident.Kind.LOST,
                Instant.EPOCH,
                Duration.ofSeconds(5),
                "busy",
                "<script>alert('\u0000')</script> & more",
                "/127.0.0.1:5",
                17,
                Duration.ofMillis(900),
                Duration.ofMillis(3),
                2,
                2);
        return new DemoResult(
                load(2, 3, List.of(incident)),
                steps(),
                Map.of(102L, "http/1.1: 204 moved, 8 drained"),
                List.of("process 103 \"did\" <not> end"));
    }

    private static List<Step> steps() {
        Duration took = Duration.ofMillis(1234);
        return List.of(
                new Step(Step.Kind.FIRST, took.negated(), took, 101, 1),
                new Step(Step.Kind.HUP, Duration.ofSeconds(4), took, 102, 2),
                new Step(Step.Kind.SECOND_COPY, Duration.ofSeconds(10), took, 103, 3),
                new Step(Step.Kind.ROLLED_BACK, Duration.ofSeconds(16), took, 104, 3));
    }

    private static LoadResult load(long lost, long refused, List<Incident> incidents) {
        List<GenerationResult> generations = List.of(
                generation(1, 101, 123_456, 0, 0),
                generation(2, 102, 200_000, lost, 0),
                generation(3, 103, 88_889, 0, refused));
        return new LoadResult(
                Instant.parse("2026-01-02T03:04:05Z"),
                Duration.ofSeconds(21),
                412_345 + lost,
                412_345,
                lost,
                refused,
                6,
                0,
                0,
                0,
                0,
                LATENCY,
                generations,
                timeline(),
                incidents);
    }

    private static GenerationResult generation(int generation, long pid, long answered, long lost, long refused) {
        return new GenerationResult(
                generation, pid, answered, lost, refused, 0, 2, Duration.ZERO, Duration.ofSeconds(1), LATENCY);
    }

    /** Waves of 21 s with overlapping generations, and a moment without any answer. */
    private static Timeline timeline() {
        List<Timeline.Bucket> buckets = new ArrayList<>();
        for (int at = 0; at < 210; at++) {
            TreeMap<Integer, Long> answers = new TreeMap<>();
            long rate = 1500 + Math.round(300 * Math.sin(at / 5.0));
            if (at < 56) {
                answers.put(1, at < 52 ? rate : rate / 3);
            }
            if (at >= 52 && at < 116) {
                answers.put(2, at < 56 ? rate - rate / 3 : rate);
            }
            if (at >= 112 && at != 150) {
                answers.put(3, rate / (at < 116 ? 2 : 1));
            }
            double latency = answers.isEmpty() ? 0 : 2 + Math.abs(20 * Math.sin(at / 9.0));
            buckets.add(new Timeline.Bucket(answers, latency, latency * (at % 7 + 1)));
        }
        return new Timeline(Duration.ofMillis(100), buckets);
    }
}
