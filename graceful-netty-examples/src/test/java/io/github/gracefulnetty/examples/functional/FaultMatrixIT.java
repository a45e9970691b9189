// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever happens to either process at whatever point of an upgrade, under load, the one that is expected to serve does,
 * nothing is lost but what a killed process had in hand, and the next upgrade succeeds. The server of one fault is that of
 * the next one, so they add up. {@code -Dfaults=all} tries each, another text those whose rows contain it; else every {@value #STEP}th is.
 */
@Tag("once")
class FaultMatrixIT {
    private static final int STEP = 37;
    private static final Path DOCUMENT = Path.of("..", "docs", "reliability.md");

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path faults;

    @TempDir
    Path directory;

    @Test
    void shouldBeDocumented() throws IOException {
        List<String> rows = Fault.all().stream().map(Fault::row).toList();
        List<String> document = Files.readAllLines(DOCUMENT);
        List<String> text = document.stream().filter(line -> !isRow(line)).toList();
        if (System.getProperty("faults", "").equals("document")) {
            Files.write(DOCUMENT, Stream.concat(text.stream(), rows.stream()).toList());
        } else {
            assertThat(document.stream().filter(FaultMatrixIT::isRow)).containsExactlyElementsOf(rows);
        }
    }

    @Test
    void shouldSurviveEveryFault() throws IOException {
        FaultyUpgrades server = new FaultyUpgrades(processes, faults, directory);
        String chosen = System.getProperty("faults", "");
        boolean each = !chosen.isEmpty();
        List<Fault> all = Fault.all().stream()
                .filter(fault -> !each || chosen.equals("all") || fault.row().contains(chosen))
                .toList();
        List<String> wrong = new ArrayList<>();
        int tried = 0;
        for (int i = each ? 0 : STEP / 4; i < all.size(); i += each ? 1 : STEP) {
            Fault fault = all.get(i);
            tried++;
            long begun = System.nanoTime();
            try {
                server.survive(fault);
                if (server.serving() != 0) {
                    server.upgrade();
                }
                System.out.printf(
                        "%s %d ms%n",
                        fault.row(), Duration.ofNanos(System.nanoTime() - begun).toMillis());
            } catch (AssertionError | RuntimeException e) {
                if (!each) {
                    throw new AssertionError(fault.row() + " " + e.getMessage(), e);
                }
                wrong.add(fault.row() + " " + e.getMessage());
                System.out.println("WRONG " + fault.row() + " " + e.getMessage());
                server.reset();
            }
        }
        processes.alive().forEach(pid -> Proc.signal("TERM", pid));
        processes.awaitNone();
        System.out.println(tried + " faults of " + all.size() + " tried");
        assertThat(tried).as("faults that match").isPositive();
        assertThat(wrong).isEmpty();
    }

    private static boolean isRow(String line) {
        return line.startsWith("| upgrade |") || line.startsWith("| second copy |");
    }
}
