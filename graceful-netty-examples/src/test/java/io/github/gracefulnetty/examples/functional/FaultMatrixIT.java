// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.FaultyServer;
import io.github.gracefulnetty.examples.functional.Fault.Action;
import io.github.gracefulnetty.examples.functional.Fault.Outcome;
import io.github.gracefulnetty.examples.functional.Fault.Side;
import io.github.gracefulnetty.examples.functional.Fault.Way;
import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever happens to either process at whatever point of an upgrade, under load, the one that is expected to serve does,
 * nothing is lost but what a killed process had in hand, and the next upgrade succeeds. The server of one fault is that of
 * the next one, so they add up. {@code -Dfaults=all} tries each; else every {@value #STEP}th is.
 */
@Tag("once")
class FaultMatrixIT {
    private static final int STEP = 26;
    private static final Path DOCUMENT = Path.of("..", "docs", "reliability.md");
    private static final String SERVES = "this process serves "; // on, or again
    private static final Pattern READY = Pattern.compile("READY pid=(\\d+) .*");

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path faults;

    @TempDir
    Path directory;

    private final int port = FreePort.find();
    private final InetSocketAddress address = new InetSocketAddress("127.0.0.1", port);
    private final List<RunningProcess> started = new ArrayList<>();
    private long serving;
    private List<Long> older = List.of();

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
        List<Fault> all = Fault.all();
        boolean each = System.getProperty("faults", "").equals("all");
        List<String> wrong = new ArrayList<>();
        int tried = 0;
        for (int i = each ? 0 : STEP / 4; i < all.size(); i += each ? 1 : STEP) {
            Fault fault = all.get(i);
            tried++;
            long begun = System.nanoTime();
            try {
                survive(fault);
                System.out.printf(
                        "%s %d ms%n",
                        fault.row(), Duration.ofNanos(System.nanoTime() - begun).toMillis());
            } catch (AssertionError | RuntimeException e) {
                if (!each) {
                    throw new AssertionError(fault.row() + " " + e.getMessage(), e);
                }
                wrong.add(fault.row() + " " + e.getMessage());
                System.out.println("WRONG " + fault.row() + " " + e.getMessage());
                startAnew();
            }
        }
        processes.alive().forEach(pid -> Proc.signal("TERM", pid));
        processes.awaitNone();
        System.out.println(tried + " faults of " + all.size() + " tried");
        assertThat(wrong).isEmpty();
    }

    private static boolean isRow(String line) {
        return line.startsWith("| upgrade |") || line.startsWith("| second copy |");
    }

    private void survive(Fault fault) throws IOException {
        clear(faults);
        if (serving == 0) {
            startCopy();
            Await.until("a first process", () -> newest() != 0);
            awaitServing(newest());
        }
        long predecessor = serving;
        Await.until("the end of older generations", () -> others(predecessor).isEmpty());
        older = processes.alive();
        long decisions = count(SERVES);
        StrictClient client = StrictClient.builder()
                .address(address)
                .busy(4)
                .paced(8, Duration.ofMillis(20))
                .fresh(2, Duration.ofMillis(5))
                .stuckLimit(Duration.ofSeconds(60))
                .start();
        try (client) {
            Await.until("answers", () -> client.snapshot().answered() > 0);
            cause(fault, predecessor, decisions);
            awaitOutcome(fault, predecessor, decisions);
            LoadResult result = client.stop();
            assertNothingLost(fault, result);
        }
        if (serving != 0) {
            upgradeOnceMore();
        }
    }

    private void startCopy() {
        started.add(processes.start(JavaCommand.main(
                        FaultyServer.class,
                        "http",
                        "--host",
                        "127.0.0.1",
                        "--port",
                        Integer.toString(port),
                        "--handoff",
                        directory.resolve("handoff.sock").toString(),
                        "--upgrade-timeout",
                        "5s",
                        "--drain-timeout",
                        "5s")
                .jvm("-Dfaults=" + faults)
                .environment("GRACEFUL_NETTY_PROBATION", "2s")));
    }

    private void cause(Fault fault, long predecessor, long decisions) throws IOException {
        boolean own = fault.side() == fault.passes();
        String action = own && fault.action() == Action.EXIT
                ? FaultyServer.EXIT
                : fault.action() == Action.CUT ? FaultyServer.CUT : FaultyServer.WAIT;
        Files.writeString(faults.resolve(fault.point().file()), action);
        if (fault.way() == Way.HUP) {
            Proc.signal("HUP", predecessor);
        } else {
            startCopy();
        }
        Await.until("the fault's point is reached", () -> Files.exists(faults.resolve("reached")));
        if (!action.equals(FaultyServer.WAIT)) {
            return;
        }
        long victim = fault.side() == Side.PREDECESSOR ? predecessor : successor();
        switch (fault.action()) {
            case KILL -> {
                Proc.signal("KILL", victim);
                Await.until("end of the victim", () -> !Proc.isAlive(victim));
                go();
            }
            case EXIT -> {
                Files.createFile(faults.resolve(FaultyServer.exit(victim)));
                Await.until("end of the victim", () -> !Proc.isAlive(victim));
                go();
            }
            default -> {
                Proc.signal("STOP", victim);
                go();
                awaitDecision(fault, predecessor, decisions);
                if (Proc.isAlive(victim)) {
                    Proc.signal("CONT", victim);
                }
            }
        }
    }

    private void go() throws IOException {
        Files.createFile(faults.resolve("go"));
    }

    /** The one that was not stopped has got as far as it can without the other. */
    private void awaitDecision(Fault fault, long predecessor, long decisions) {
        if (fault.expected() == Outcome.PREDECESSOR) {
            Await.until(
                    "the one that was not stopped gives up",
                    () -> fault.side() == Side.PREDECESSOR ? others(predecessor).isEmpty() : count(SERVES) > decisions);
        } else if (fault.side() == Side.PREDECESSOR && fault.hasSuccessor()) {
            Await.until("the successor serves", () -> newest() != 0);
            Await.until("the successor answers", () -> answeredBy(newest()));
        }
    }

    private long count(String text) {
        return started.stream().mapToLong(process -> process.err().count(text)).sum();
    }

    private long successor() {
        List<Long> others = new ArrayList<>();
        Await.until("a successor", () -> {
            others.clear();
            others.addAll(processes.alive());
            others.removeAll(older);
            return others.size() == 1;
        });
        return others.get(0);
    }

    private List<Long> others(long pid) {
        return processes.alive().stream().filter(each -> each != pid).toList();
    }

    private void awaitOutcome(Fault fault, long predecessor, long decisions) {
        switch (fault.expected()) {
            case PREDECESSOR -> {
                if (fault.isNoticed()) {
                    Await.until("the predecessor says so", () -> count(SERVES) > decisions);
                }
                Await.until(
                        "only the predecessor is left",
                        () -> others(predecessor).isEmpty());
                awaitServing(predecessor);
            }
            case SUCCESSOR -> {
                Await.until("a successor is ready", () -> newest() != 0);
                awaitServing(newest());
                Await.until("only the successor is left", () -> others(serving).isEmpty());
            }
            default -> {
                Await.until("nobody is left", () -> processes.alive().isEmpty());
                serving = 0;
                older = List.of();
            }
        }
    }

    private void awaitServing(long pid) {
        Await.until("answers from " + pid, () -> answeredBy(pid));
        serving = pid;
    }

    private boolean answeredBy(long pid) {
        try (HttpConnection connection = HttpConnection.to(address)) {
            return connection.get("/").pid() == pid;
        } catch (RuntimeException e) {
            return false; // nobody listens, or the one who did has just died
        }
    }

    /** The process that was ready, and was not there when the upgrade began; 0 if there is none. */
    private long newest() {
        List<Long> alive = processes.alive();
        return started.stream()
                .flatMap(process -> process.out().lines().stream())
                .map(READY::matcher)
                .filter(Matcher::matches)
                .mapToLong(ready -> Long.parseLong(ready.group(1)))
                .filter(pid -> alive.contains(pid) && !older.contains(pid))
                .findFirst()
                .orElse(0);
    }

    private void upgradeOnceMore() {
        older = processes.alive();
        Proc.signal("HUP", serving);
        Await.until("one more upgrade", () -> newest() != 0);
        awaitServing(newest());
    }

    private static void assertNothingLost(Fault fault, LoadResult result) {
        if (!fault.losesTheListener()) {
            assertThat(result.refused()).as("refused: %s", result).isZero();
            assertThat(result.stuck()).as("stuck: %s", result).isZero();
            if (!fault.losesRequests()) {
                assertThat(result.lost()).as("lost: %s", result).isZero();
            }
        }
        assertThat(result.unsolicited()).isZero();
    }

    private void startAnew() throws IOException {
        processes.alive().forEach(pid -> Proc.signal("KILL", pid));
        processes.awaitNone();
        serving = 0;
        older = List.of();
        clear(faults);
    }

    private static void clear(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }
}
