// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** Figures of one kind, in the order in which they were measured. */
public final class Samples {
    private final List<Double> values = new ArrayList<>();

    public void add(double value) {
        values.add(value);
    }

    public int size() {
        return values.size();
    }

    public double get(int index) {
        return values.get(index);
    }

    public double min() {
        return Collections.min(values);
    }

    public double max() {
        return Collections.max(values);
    }

    public double median() {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** The ratios of figures that were measured next to each other: what disturbs both, they do not show. */
    public Samples pairedRatios(Samples base) {
        Samples ratios = new Samples();
        for (int i = 0; i < Math.min(size(), base.size()); i++) {
            ratios.add(get(i) / base.get(i));
        }
        return ratios;
    }

    /** Median, minimum, maximum and count. */
    public String summary(String format) {
        return String.format(
                Locale.ROOT,
                "median " + format + "  min " + format + "  max " + format + "  n=%d",
                median(),
                min(),
                max(),
                size());
    }
}
