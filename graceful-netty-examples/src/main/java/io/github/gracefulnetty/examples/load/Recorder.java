// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import io.github.gracefulnetty.examples.load.Incident.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** The accounts of one load. Confined to the event loop, which makes every result consistent. */
final class Recorder {

    /** Ten minutes; a latency above it is recorded as this. */
    static final long MAX_MICROS = TimeUnit.MINUTES.toMicros(10);

    private static final int INCIDENTS_PER_KIND = 20;

    private final Instant startedAt;
    private final long startNanos;
    private final TimelineRecorder timeline;
    private final List<GenerationRecorder> generations = new ArrayList<>();
    private final Map<Kind, Long> counts = new EnumMap<>(Kind.class);
    private final List<Incident> incidents = new ArrayList<>();
    private final Histogram latency = new Histogram(1, MAX_MICROS, 3);
    private GenerationRecorder newest = new GenerationRecorder(0, 0);
    private long sent;
    private int inFlight;
    private int connections;

    Recorder(Instant startedAt, long startNanos, Duration bucketWidth) {
        this.startedAt = startedAt;
        this.startNanos = startNanos;
        this.timeline = new TimelineRecorder(bucketWidth);
        generations.add(newest);
    }

    void opened() {
        connections++;
    }

    void closed() {
        connections--;
    }

    void sent() {
        sent++;
        inFlight++;
    }

    /** Returns the accounts of the process that answered, to which its connection belongs from now on. */
    GenerationRecorder answered(int generation, long pid, long latencyNanos, long nowNanos) {
        inFlight--;
        long micros = Math.min(MAX_MICROS, TimeUnit.NANOSECONDS.toMicros(latencyNanos));
        GenerationRecorder recorder = recorder(generation, pid);
        recorder.answered(micros, nowNanos - startNanos);
        latency.recordValue(micros);
        timeline.answered(generation, micros, nowNanos - startNanos);
        return recorder;
    }

    /**
     * Counts what happened to {@code connection}, or where that is null to a client that had none; ends the request in
     * flight when it is lost or stuck.
     */
    void incident(Kind kind, Profile profile, @Nullable Connection connection, String cause) {
        GenerationRecorder owner =
                connection == null ? newest : connection.owner().orElse(newest);
        switch (kind) {
            case LOST -> {
                owner.lost++;
                inFlight--;
            }
            case STUCK -> {
                owner.stuck++;
                inFlight--;
            }
            case REFUSED -> owner.refused++;
            case RECONNECT -> owner.reconnects++;
            case UNSOLICITED -> {}
        }
        if (counts.merge(kind, 1L, Long::sum) <= INCIDENTS_PER_KIND) {
            long now = System.nanoTime();
            incidents.add(new Incident(
                    kind,
                    Instant.now(),
                    Duration.ofNanos(now - startNanos),
                    profile.name(),
                    cause,
                    connection == null ? "-" : connection.localAddress(),
                    connection == null ? 0 : connection.requests(),
                    connection == null ? Duration.ZERO : connection.age(now),
                    connection == null ? Duration.ZERO : connection.inFlight(now),
                    owner.generation,
                    newest.generation));
        }
    }

    private GenerationRecorder recorder(int generation, long pid) {
        for (int index = generations.size() - 1; index >= 0; index--) {
            GenerationRecorder each = generations.get(index);
            if (each.generation == generation && each.pid == pid) {
                return each;
            }
        }
        GenerationRecorder added = new GenerationRecorder(generation, pid);
        generations.add(added);
        if (generation >= newest.generation) {
            newest = added;
        }
        return added;
    }

    LoadResult result() {
        long elapsed = System.nanoTime() - startNanos;
        return new LoadResult(
                startedAt,
                Duration.ofNanos(elapsed),
                sent,
                latency.getTotalCount(),
                count(Kind.LOST),
                count(Kind.REFUSED),
                count(Kind.RECONNECT),
                count(Kind.STUCK),
                count(Kind.UNSOLICITED),
                inFlight,
                connections,
                Latency.ofMicros(latency),
                generations.stream()
                        .filter(each -> !each.isEmpty())
                        .map(GenerationRecorder::result)
                        .sorted(Comparator.comparingInt(GenerationResult::generation))
                        .toList(),
                timeline.result(elapsed),
                List.copyOf(incidents));
    }

    private long count(Kind kind) {
        return counts.getOrDefault(kind, 0L);
    }
}
