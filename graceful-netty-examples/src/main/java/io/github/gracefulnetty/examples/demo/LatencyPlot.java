// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import io.github.gracefulnetty.examples.load.Timeline;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** The 99th percentile and the maximum of the latency of each bucket, on a logarithmic axis. */
final class LatencyPlot extends Plot {

    private final List<Timeline.Bucket> buckets;
    private final double bucketSeconds;
    private final double low;
    private final double high;

    LatencyPlot(Timeline timeline, double seconds, double top, double bottom) {
        super(seconds, top, bottom);
        this.buckets = timeline.buckets();
        this.bucketSeconds = timeline.bucketWidth().toNanos() / 1e9;
        double lowest = buckets.stream()
                .mapToDouble(Timeline.Bucket::p99)
                .filter(each -> each > 0)
                .min()
                .orElse(1);
        double highest =
                buckets.stream().mapToDouble(Timeline.Bucket::max).max().orElse(1);
        this.low = Math.floor(Math.log10(lowest));
        this.high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(lowest, highest))));
    }

    @Override
    void draw(Markup svg) {
        for (double decade = low; decade <= high; decade++) {
            grid(svg, y(Math.pow(10, decade)), label(Math.pow(10, decade)));
        }
        title(svg, "latency, ms (log)");
        line(svg, "max", Timeline.Bucket::max);
        line(svg, "p99", Timeline.Bucket::p99);
    }

    /** With gaps where there was no answer. */
    private void line(Markup svg, String name, ToDoubleFunction<Timeline.Bucket> value) {
        StringBuilder path = new StringBuilder();
        char command = 'M';
        for (int at = 0; at < buckets.size(); at++) {
            double latency = value.applyAsDouble(buckets.get(at));
            if (latency > 0) {
                path.append(command)
                        .append(Markup.number(x((at + 0.5) * bucketSeconds)))
                        .append(' ')
                        .append(Markup.number(y(latency)));
            }
            command = latency > 0 ? 'L' : 'M';
        }
        if (path.length() > 0) {
            svg.add("<path class='line %s' d='%s'/>", name, path);
        }
    }

    private double y(double millis) {
        double share = (Math.log10(millis) - low) / (high - low);
        return bottom - Math.max(0, Math.min(1, share)) * (bottom - top);
    }
}
