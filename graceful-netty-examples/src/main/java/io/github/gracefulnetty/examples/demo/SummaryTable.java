// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import io.github.gracefulnetty.examples.load.GenerationResult;
import io.github.gracefulnetty.examples.load.LoadResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A row for each process: what it served and what became of it. */
final class SummaryTable {

    private static final String NONE = "-";
    private static final List<String> HEADING = List.of(
            "generation",
            "how it started",
            "pid",
            "requests",
            "lost",
            "refused",
            "stuck",
            "reconnects",
            "p50 ms",
            "p99 ms",
            "max ms",
            "ready after",
            "its connections");

    private SummaryTable() {}

    /** Cells with the heading first; all rows are equally long. */
    static List<List<String>> rows(DemoResult result) {
        LoadResult load = result.load();
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEADING);
        for (Step step : result.steps()) {
            rows.add(
                    step.kind() == Step.Kind.ROLLED_BACK
                            ? rolledBack(step)
                            : load.generations().stream()
                                    .filter(each -> each.generation() == step.generation() && each.pid() == step.pid())
                                    .findFirst()
                                    .map(each -> served(step.kind().label, seconds(step.took()), each, result))
                                    .orElseGet(() -> silent(step)));
        }
        load.generations().stream()
                .filter(each -> result.steps().stream()
                        .noneMatch(step -> step.pid() == each.pid() && step.kind() != Step.Kind.ROLLED_BACK))
                .forEach(each ->
                        rows.add(served(each.generation() == 0 ? "before any answer" : "unknown", NONE, each, result)));
        return List.copyOf(rows);
    }

    private static List<String> served(String how, String took, GenerationResult served, DemoResult result) {
        return List.of(
                Integer.toString(served.generation()),
                how,
                Long.toString(served.pid()),
                count(served.answered() + served.lost() + served.stuck()),
                count(served.lost()),
                count(served.refused()),
                count(served.stuck()),
                count(served.reconnects()),
                millis(served.latency().p50()),
                millis(served.latency().p99()),
                millis(served.latency().max()),
                took,
                ended(result.exits().get(served.pid())));
    }

    private static String ended(@Nullable String connections) {
        return connections == null || connections.isEmpty() ? NONE : connections;
    }

    private static List<String> silent(Step step) {
        return row(Integer.toString(step.generation()), step, "0", seconds(step.took()));
    }

    private static List<String> rolledBack(Step step) {
        return row(NONE, step, NONE, "rolled back, " + seconds(step.took()));
    }

    private static List<String> row(String generation, Step step, String requests, String last) {
        return List.of(
                generation,
                step.kind().label,
                Long.toString(step.pid()),
                requests,
                NONE,
                NONE,
                NONE,
                NONE,
                NONE,
                NONE,
                NONE,
                last,
                NONE);
    }

    /** Whether a column holds text, not numbers. */
    static boolean isText(int column) {
        return Set.of("how it started", "its connections").contains(HEADING.get(column));
    }

    static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    static String millis(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    static String seconds(Duration value) {
        return String.format(Locale.ROOT, "%.2f s", value.toNanos() / 1e9);
    }
}
