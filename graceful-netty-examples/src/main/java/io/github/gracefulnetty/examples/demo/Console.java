// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import io.github.gracefulnetty.examples.load.LoadResult;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** What the demo says while it runs, in plain lines. Thread-safe. */
final class Console {

    private static final int COLUMN_GAP = 2;

    private PrintStream out;
    private long answered;
    private Duration elapsed = Duration.ZERO;

    Console(PrintStream out) {
        this.out = out;
    }

    /** Says nothing any more. */
    synchronized void mute() {
        out = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    }

    /** Announces what comes next. */
    synchronized void step(String text) {
        out.println("==> " + text);
    }

    /** Tells a fact about the present step. */
    synchronized void fact(String text) {
        out.println("    " + text);
    }

    /** Shows the load, with the rate since it was shown last. */
    synchronized void progress(LoadResult load) {
        double seconds = load.elapsed().minus(elapsed).toNanos() / 1e9;
        out.printf(
                Locale.ROOT,
                "    %5.1f s  generation %d  %,7.0f requests/s  %,9d answered  lost %d, refused %d, stuck %d%n",
                load.elapsed().toNanos() / 1e9,
                load.newestGeneration(),
                (load.answered() - answered) / seconds,
                load.answered(),
                load.lost(),
                load.refused(),
                load.stuck());
        answered = load.answered();
        elapsed = load.elapsed();
    }

    /** Prints rows of equal length, with the first as heading, aligned. */
    synchronized void table(List<List<String>> rows) {
        int[] widths = new int[rows.get(0).size()];
        for (List<String> row : rows) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        out.println();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String cell = row.get(column);
                String fill = " ".repeat(widths[column] - cell.length());
                line.append(SummaryTable.isText(column) ? cell + fill : fill + cell)
                        .append(" ".repeat(COLUMN_GAP));
            }
            out.println(line.toString().stripTrailing());
        }
        out.println();
    }

    /** Prints a line as it is. */
    synchronized void line(String text) {
        out.println(text);
    }
}
