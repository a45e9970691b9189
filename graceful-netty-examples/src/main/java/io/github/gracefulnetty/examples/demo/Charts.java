// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import io.github.gracefulnetty.examples.load.Timeline;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Both charts of a run on one time axis, with a mark for each replacement. */
final class Charts {

    private static final int COLOURS = 6;
    private static final double HEIGHT = 640;
    private static final double MARKS_TOP = 8;
    private static final double THROUGHPUT_TOP = 52;
    private static final double THROUGHPUT_BOTTOM = 352;
    private static final double LATENCY_TOP = 384;
    private static final double LATENCY_BOTTOM = 594;
    private static final double LABEL_WIDTH = 150;
    private static final int MAX_TICKS = 16;

    private final Timeline timeline;
    private final List<Step> steps;
    private final List<Integer> generations;
    private final double seconds;

    Charts(DemoResult result) {
        Timeline all = result.load().timeline();
        // the last bucket ended with the load, before it was full
        timeline = new Timeline(
                all.bucketWidth(),
                all.buckets().subList(0, Math.max(0, all.buckets().size() - 1)));
        steps = result.steps().stream()
                .filter(each -> each.kind() != Step.Kind.FIRST)
                .toList();
        generations = generations(result);
        seconds =
                Math.max(1, timeline.buckets().size()) * timeline.bucketWidth().toNanos() / 1e9;
    }

    /** Those that answered, in their order, which is also that of their colours. */
    static List<Integer> generations(DemoResult result) {
        return result.load().timeline().buckets().stream()
                .flatMap(each -> each.answers().keySet().stream())
                .distinct()
                .sorted()
                .toList();
    }

    /** The class of the colour of the generation at {@code index}. */
    static String colour(int index) {
        return "c" + index % COLOURS;
    }

    void draw(Markup svg) {
        svg.add(
                "<svg viewBox='0 0 %s %s' role='img' aria-label='Requests per second and latency over time'>",
                Plot.WIDTH, HEIGHT);
        Plot throughput = new ThroughputPlot(timeline, generations, seconds, THROUGHPUT_TOP, THROUGHPUT_BOTTOM);
        steps.forEach(step -> band(svg, throughput, step));
        throughput.draw(svg);
        new LatencyPlot(timeline, seconds, LATENCY_TOP, LATENCY_BOTTOM).draw(svg);
        steps.forEach(step -> mark(svg, throughput, step));
        timeAxis(svg, throughput);
        tooltips(svg, throughput);
        svg.add("</svg>");
    }

    private static double start(Step step) {
        return step.at().toNanos() / 1e9;
    }

    private static double end(Step step) {
        return step.at().plus(step.took()).toNanos() / 1e9;
    }

    private static String markClass(Step step) {
        return step.kind() == Step.Kind.ROLLED_BACK ? "failed" : "upgrade";
    }

    /** From the trigger until the successor is ready, or has failed. */
    private static void band(Markup svg, Plot plot, Step step) {
        double x = plot.x(start(step));
        svg.add(
                "<rect class='band %s' x='%s' y='%s' width='%s' height='%s'/>",
                markClass(step), x, MARKS_TOP, plot.x(end(step)) - x, LATENCY_BOTTOM - MARKS_TOP);
    }

    private static void mark(Markup svg, Plot plot, Step step) {
        double x = plot.x(start(step));
        boolean right = x + LABEL_WIDTH < Plot.RIGHT;
        String anchor = right ? "start" : "end";
        double text = right ? x + 6 : x - 6;
        svg.add(
                "<line class='mark %s' x1='%s' x2='%s' y1='%s' y2='%s'/>",
                markClass(step), x, x, MARKS_TOP, LATENCY_BOTTOM);
        svg.add(
                "<text class='label %s' x='%s' y='%s' text-anchor='%s'>%s</text>",
                markClass(step), text, MARKS_TOP + 13, anchor, step.kind().label);
        svg.add(
                "<text class='tick' x='%s' y='%s' text-anchor='%s'>%s after %s</text>",
                text,
                MARKS_TOP + 29,
                anchor,
                step.kind() == Step.Kind.ROLLED_BACK ? "rolled back" : "ready",
                SummaryTable.seconds(step.took()));
    }

    private void timeAxis(Markup svg, Plot plot) {
        double step = Math.max(1, Plot.niceStep(seconds / MAX_TICKS));
        for (double at = 0; at <= seconds; at += step) {
            svg.add(
                    "<text class='tick' x='%s' y='%s' text-anchor='middle'>%s</text>",
                    plot.x(at), LATENCY_BOTTOM + 18, Plot.label(at));
        }
        svg.add(
                "<text class='axis' x='%s' y='%s' text-anchor='middle'>seconds since the beginning of the load</text>",
                (Plot.LEFT + Plot.RIGHT) / 2, HEIGHT - 6);
    }

    private void tooltips(Markup svg, Plot plot) {
        double width = timeline.bucketWidth().toNanos() / 1e9;
        for (int at = 0; at < timeline.buckets().size(); at++) {
            Timeline.Bucket bucket = timeline.buckets().get(at);
            String rates = bucket.answers().entrySet().stream()
                    .map(each -> String.format(
                            Locale.ROOT, "generation %d: %,.0f requests/s", each.getKey(), each.getValue() / width))
                    .collect(Collectors.joining(", "));
            svg.add(
                    "<rect class='hit' x='%s' y='%s' width='%s' height='%s'><title>%s s: %s; p99 %s ms, max %s ms</title></rect>",
                    plot.x(at * width),
                    THROUGHPUT_TOP,
                    plot.x((at + 1) * width) - plot.x(at * width),
                    LATENCY_BOTTOM - THROUGHPUT_TOP,
                    at * width,
                    rates.isEmpty() ? "no answer" : rates,
                    bucket.p99(),
                    bucket.max());
        }
    }
}
