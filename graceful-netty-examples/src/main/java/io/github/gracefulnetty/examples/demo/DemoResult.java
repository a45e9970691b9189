// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import io.github.gracefulnetty.examples.load.LoadResult;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What came of a run.
 *
 * @param load what the clients saw
 * @param steps the processes, in the order in which they were started
 * @param exits what became of the connections of those that have ended, by pid
 * @param problems expectations that were not met, for the user
 */
record DemoResult(LoadResult load, List<Step> steps, Map<Long, String> exits, List<String> problems) {

    boolean passed() {
        return load.clean() && problems.isEmpty();
    }

    /** In a sentence. */
    String verdict() {
        StringBuilder verdict =
                new StringBuilder(String.format(Locale.ROOT, "%,d of %,d requests lost", load.lost(), load.sent()));
        addHarm(verdict, load.refused(), "connections refused");
        addHarm(verdict, load.stuck(), "requests stuck");
        addHarm(verdict, load.unsolicited(), "responses that nobody asked for");
        if (!problems.isEmpty()) {
            verdict.append(", but not all happened that should");
        }
        return verdict.toString();
    }

    private static void addHarm(StringBuilder verdict, long count, String what) {
        if (count > 0) {
            verdict.append(String.format(Locale.ROOT, ", %,d %s", count, what));
        }
    }

    /** What to say about the successors that failed, one after the other. */
    List<String> rollbacks() {
        return steps.stream()
                .filter(each -> each.kind() == Step.Kind.ROLLED_BACK)
                .map(each -> String.format(
                        Locale.ROOT,
                        "Process %d failed on purpose before it was ready: rolled back after %.2f s, "
                                + "generation %d served on%s.",
                        each.pid(),
                        each.took().toNanos() / 1e9,
                        each.generation(),
                        load.clean() ? " and nothing was lost" : ""))
                .toList();
    }
}
