// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import java.util.Locale;

/** A panel of a chart: where seconds and values are on the page, in SVG units. */
abstract class Plot {

    static final double WIDTH = 1100;
    static final double LEFT = 72;
    static final double RIGHT = WIDTH - 16;

    final double seconds;
    final double top;
    final double bottom;

    Plot(double seconds, double top, double bottom) {
        this.seconds = seconds;
        this.top = top;
        this.bottom = bottom;
    }

    /** Draws axis and data. */
    abstract void draw(Markup svg);

    final double x(double second) {
        return LEFT + Math.min(1, second / seconds) * (RIGHT - LEFT);
    }

    /** Draws a grid line with its label. */
    final void grid(Markup svg, double y, String label) {
        svg.add("<line class='grid' x1='%s' x2='%s' y1='%s' y2='%s'/>", LEFT, RIGHT, y, y);
        svg.add("<text class='tick' x='%s' y='%s' text-anchor='end'>%s</text>", LEFT - 8, y + 4, label);
    }

    /** Names the value axis. */
    final void title(Markup svg, String text) {
        double middle = (top + bottom) / 2;
        svg.add(
                "<text class='axis' x='14' y='%s' text-anchor='middle' transform='rotate(-90 14 %s)'>%s</text>",
                middle, middle, text);
    }

    /** The smallest of 1, 2, 5, 10, 20, ... that is at least {@code atLeast}. */
    static double niceStep(double atLeast) {
        double decade = Math.pow(10, Math.floor(Math.log10(atLeast)));
        for (int factor : new int[] {1, 2, 5}) {
            if (factor * decade >= atLeast * 0.999999) {
                return factor * decade;
            }
        }
        return 10 * decade;
    }

    /** With thousands separators, and decimals only below 1. */
    static String label(double value) {
        return value >= 1 || value == 0 ? String.format(Locale.ROOT, "%,.0f", value) : Markup.number(value);
    }
}
