// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import io.github.gracefulnetty.examples.load.Timeline;
import java.util.List;

/** Requests per second over time, each generation's on top of those of its predecessors. */
final class ThroughputPlot extends Plot {

    private static final int GRID_LINES = 5;

    private final List<Timeline.Bucket> buckets;
    private final double bucketSeconds;
    private final List<Integer> generations;
    private final double step;
    private final double limit;

    ThroughputPlot(Timeline timeline, List<Integer> generations, double seconds, double top, double bottom) {
        super(seconds, top, bottom);
        this.buckets = timeline.buckets();
        this.bucketSeconds = timeline.bucketWidth().toNanos() / 1e9;
        this.generations = generations;
        double highest = buckets.stream()
                .mapToDouble(each -> rate(each, Integer.MAX_VALUE))
                .max()
                .orElse(0);
        this.step = niceStep(Math.max(1, highest) / GRID_LINES);
        this.limit = step * Math.ceil(Math.max(1, highest) / step);
    }

    @Override
    void draw(Markup svg) {
        for (double value = 0; value <= limit; value += step) {
            grid(svg, y(value), label(value));
        }
        title(svg, "requests per second");
        for (int index = 0; index < generations.size(); index++) {
            area(svg, generations.get(index), index);
        }
    }

    /** Only where the generation answered, for it is one of many that come and go. */
    private void area(Markup svg, int generation, int index) {
        int from = 0;
        while (from < buckets.size()) {
            int to = from;
            while (to < buckets.size() && buckets.get(to).answers().containsKey(generation)) {
                to++;
            }
            if (to > from) {
                StringBuilder path = new StringBuilder("M" + point(from, rate(buckets.get(from), generation)));
                for (int at = from; at < to; at++) {
                    path.append('L').append(point(at, rate(buckets.get(at), generation)));
                    path.append('L').append(point(at + 1, rate(buckets.get(at), generation)));
                }
                for (int at = to - 1; at >= from; at--) {
                    path.append('L').append(point(at + 1, rate(buckets.get(at), generation - 1)));
                    path.append('L').append(point(at, rate(buckets.get(at), generation - 1)));
                }
                svg.add("<path class='area %s' d='%sZ'/>", Charts.colour(index), path);
            }
            from = Math.max(to, from + 1);
        }
    }

    private String point(int bucket, double value) {
        return Markup.number(x(bucket * bucketSeconds)) + ' ' + Markup.number(y(value));
    }

    private double y(double value) {
        return bottom - value / limit * (bottom - top);
    }

    /** Of all generations up to {@code newest}. */
    private double rate(Timeline.Bucket bucket, int newest) {
        long answers = bucket.answers().entrySet().stream()
                .filter(each -> each.getKey() <= newest)
                .mapToLong(each -> each.getValue())
                .sum();
        return answers / bucketSeconds;
    }
}
