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

/**
 * A server that is upgraded again and again, under load, with a fault in each upgrade. The server of one fault is that of
 * the next one, so they add up. When a fault leaves nobody, this is the supervisor that starts the server anew.
 */
final class FaultyUpgrades {
    /** How long an upgrade and a drain may take: {@code -Dfaults.seconds} for more, on a machine that has much to do. */
    private static final int SECONDS = Integer.getInteger("faults.seconds", 5);

    /** For one answer: then somebody else may accept. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final String REFUSED = "upgrade refused: an upgrade is in progress";
    private static final int MOST_UPGRADES = 3;
    private static final String SERVES = "this process serves "; // on, or again
    private static final Pattern READY = Pattern.compile("READY pid=(\\d+) .*");

    private final TestProcesses processes;
    private final Path faults;
    private final Path directory;
    private final int port = FreePort.find();
    private final InetSocketAddress address = new InetSocketAddress("127.0.0.1", port);
    private final List<RunningProcess> started = new ArrayList<>();
    private long serving;
    private int starts;
    private List<Long> older = List.of();

    /**
     * @param faults an empty directory, where the processes find what is to go wrong
     * @param directory of the handoff path
     */
    FaultyUpgrades(TestProcesses processes, Path faults, Path directory) {
        this.processes = processes;
        this.faults = faults;
        this.directory = directory;
    }

    InetSocketAddress address() {
        return address;
    }

    /** The process that serves; 0 if there is none. */
    long serving() {
        return serving;
    }

    /** How often there was nobody to upgrade, so that the server was started as the first time. */
    int starts() {
        return starts;
    }

    /** Starts the server, if none runs. */
    void start() {
        if (serving == 0) {
            starts++;
            startCopy();
            Await.until("a first process", () -> newest() != 0);
            awaitServing(newest());
        }
    }

    /** One upgrade with a fault: fails if anybody else serves afterwards than is expected, or if more is lost. */
    LoadResult survive(Fault fault) throws IOException {
        clear(faults);
        start();
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
            decisions = cause(fault, predecessor, decisions);
            awaitOutcome(fault, predecessor, decisions);
            LoadResult result = client.stop();
            assertNothingLost(fault, result);
            return result;
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
                        SECONDS + "s",
                        "--drain-timeout",
                        SECONDS + "s")
                .jvm("-Dfaults=" + faults)
                .environment("GRACEFUL_NETTY_PROBATION", 400 * SECONDS + "ms")));
    }

    /** @return how many decisions there had been when the upgrade began that has come to the point */
    private long cause(Fault fault, long predecessor, long known) throws IOException {
        boolean own = fault.side() == fault.passes();
        String action = own && fault.action() == Action.EXIT
                ? FaultyServer.EXIT
                : switch (fault.action()) {
                    case CUT -> FaultyServer.CUT;
                    case THROW -> FaultyServer.THROW;
                    default -> FaultyServer.WAIT;
                };
        Files.writeString(faults.resolve(fault.point().file()), action);
        long decisions = comeToThePoint(fault, predecessor, known);
        if (!action.equals(FaultyServer.WAIT)) {
            return decisions;
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
                Proc.stop(victim);
                go();
                awaitDecision(fault, predecessor, decisions);
                if (Proc.isAlive(victim)) {
                    Proc.signal("CONT", victim);
                }
            }
        }
        return decisions;
    }

    /** On a machine that is busy with something else an upgrade may fail by its time limit before: then it is asked again. */
    private long comeToThePoint(Fault fault, long predecessor, long known) {
        Path reached = faults.resolve("reached");
        long decisions = known;
        for (int i = 0; i < MOST_UPGRADES && !Files.exists(reached); i++) {
            if (fault.way() == Way.HUP) {
                Proc.signal("HUP", predecessor);
            } else {
                startCopy();
            }
            long before = count(SERVES);
            Await.until(
                    "the fault's point is reached, or the upgrade has failed",
                    () -> Files.exists(reached) || count(SERVES) > before);
            decisions = before;
        }
        assertThat(reached).as("the fault's point").exists();
        return decisions;
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
            return connection.patience(PATIENCE).get("/").pid() == pid;
        } catch (RuntimeException e) {
            return false; // nobody listens, or the one who has accepted it has just died or been stopped
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

    /** One upgrade without a fault. It is asked for again if the one with the fault is not quite over. */
    void upgrade() {
        older = processes.alive();
        long refused = count(REFUSED);
        Proc.signal("HUP", serving);
        Await.until("an upgrade without a fault, or a refusal", () -> newest() != 0 || count(REFUSED) > refused);
        if (newest() == 0) {
            Proc.signal("HUP", serving);
        }
        Await.until("an upgrade without a fault", () -> newest() != 0);
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

    /** Ends everything, whatever state it is in. */
    void reset() throws IOException {
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
