// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import java.time.Duration;

/**
 * A server process that was started.
 *
 * @param kind how it came about
 * @param at when that was triggered, since the beginning of the load; negative before it
 * @param took from the trigger until it said that it was ready, or had failed
 * @param pid of the process
 * @param generation that it served as; of one that was rolled back, the one that served on
 */
record Step(Kind kind, Duration at, Duration took, long pid, int generation) {

    enum Kind {
        FIRST("first start"),
        HUP("HUP"),
        SECOND_COPY("second copy"),
        ROLLED_BACK("failed successor");

        final String label;

        Kind(String label) {
            this.label = label;
        }
    }
}
