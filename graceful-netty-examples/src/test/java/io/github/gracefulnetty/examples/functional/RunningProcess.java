// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A process that a test started, with what it and its successors write: they inherit its streams. */
public final class RunningProcess {
    private static final Pattern READY = Pattern.compile("READY pid=(\\d+) generation=(\\d+) address=(.*)");

    private static final Pattern DRAINED =
            Pattern.compile("drained (\\d+) connections in (\\d+) ms, (\\d+) of them closed by force");

    private final String command;
    private final Process process;
    private final Output out;
    private final Output err;

    /** @param writtenTo whether a file is open in a process that runs */
    RunningProcess(String command, Process process, Path outFile, Path errFile, Predicate<Path> writtenTo) {
        this.command = command;
        this.process = process;
        this.out = new Output(
                "standard output of " + process.pid(), outFile, () -> process.isAlive() || writtenTo.test(outFile));
        this.err = new Output(
                "standard error of " + process.pid(), errFile, () -> process.isAlive() || writtenTo.test(errFile));
    }

    public long pid() {
        return process.pid();
    }

    public Output out() {
        return out;
    }

    public Output err() {
        return err;
    }

    /** Waits until the process of that generation says that it serves its only address. */
    public ServerGeneration awaitReady(int generation) {
        return awaitReady(generation, 1);
    }

    /** Waits until the process of that generation says that it serves so many addresses. */
    public ServerGeneration awaitReady(int generation, int addresses) {
        long failures = err.count("this process serves on");
        Await.until("READY of generation " + generation + " of " + this, () -> {
            boolean over = out.hasEnded() || err.count("this process serves on") > failures;
            boolean ready = ready(generation).size() >= addresses;
            if (over && !ready) {
                throw new AssertionError("no process is left, or no upgrade under way, that generation " + generation
                        + " could come from");
            }
            return ready;
        });
        List<Matcher> lines = ready(generation);
        return new ServerGeneration(
                Long.parseLong(lines.get(0).group(1)),
                generation,
                lines.stream().map(line -> line.group(3)).toList());
    }

    private List<Matcher> ready(int generation) {
        return readyLines().stream()
                .filter(line -> line.group(2).equals(Integer.toString(generation)))
                .toList();
    }

    private List<Matcher> readyLines() {
        return out.lines().stream().map(READY::matcher).filter(Matcher::matches).toList();
    }

    /**
     * The last generation that said on this output that it serves; 0 if there is none. It is not the one with the highest
     * number where a successor has found nobody to take over from, and begun anew.
     */
    public int newestGeneration() {
        return (int) lastReady(2);
    }

    /** The process of the newest generation; 0 if there is none. */
    public long newestPid() {
        return lastReady(1);
    }

    private long lastReady(int group) {
        List<Matcher> lines = readyLines();
        return lines.isEmpty() ? 0 : Long.parseLong(lines.get(lines.size() - 1).group(group));
    }

    /** The drains that are over, the first one first; loggers write them to either stream. */
    public List<Drain> drains() {
        return DRAINED.matcher(out.text() + err.text())
                .results()
                .map(line -> new Drain(
                        Integer.parseInt(line.group(1)),
                        Integer.parseInt(line.group(2)),
                        Integer.parseInt(line.group(3))))
                .toList();
    }

    /** So many drains are over, and none of them closed a connection by force. Prints how long they took. */
    public void assertDrainedGently(int drains) {
        System.out.println("MEASURED drains: " + drains());
        assertThat(drains())
                .as(this::report)
                .hasSize(drains)
                .allSatisfy(drain -> assertThat(drain.forced()).isZero());
    }

    /**
     * How a drain ended.
     *
     * @param connections that there were
     * @param millis that it took
     * @param forced connections that the deadline closed
     */
    public record Drain(int connections, int millis, int forced) {}

    public boolean isAlive() {
        return process.isAlive();
    }

    public void kill() {
        process.destroyForcibly();
    }

    /** The exit status of the process itself, when it has ended. Its successors may still run. */
    public int awaitExit() {
        Await.until("exit of " + this, () -> !process.isAlive());
        return process.exitValue();
    }

    /** The exit status, when all that it started, and so its output, have ended, too. */
    public int awaitExitAndOutput() {
        int status = awaitExit();
        Await.until("end of the output of " + this, () -> out.hasEnded() && err.hasEnded());
        return status;
    }

    /** Everything for the reader of a failed test. */
    public String report() {
        return "---- " + this + (process.isAlive() ? "" : ", status " + process.exitValue()) + "\n" + command
                + "\n-- standard output\n" + out.text() + "\n-- standard error\n" + err.text();
    }

    @Override
    public String toString() {
        return "process " + process.pid();
    }
}
