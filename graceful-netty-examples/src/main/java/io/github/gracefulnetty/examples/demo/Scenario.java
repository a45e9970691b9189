// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What happens to the server under load: replaced by HUP, by a second copy, and by a successor that fails. */
final class Scenario {

    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(10);
    private static final Duration EXIT_LIMIT = Duration.ofSeconds(20);
    private static final int FAILED_ON_PURPOSE = 3;

    private interface Trigger {
        /** Returns the process that must be alive until the successor is ready. */
        ProcessHandle pull() throws IOException, InterruptedException, UnmetExpectation;
    }

    private final Servers servers;
    private final StrictClient client;
    private final Console console;
    private final Duration pause;
    private final List<Step> steps;

    /**
     * Prepares it.
     *
     * @param pause how long the load runs undisturbed after each step
     * @param steps to which each step is added once it is done
     */
    Scenario(Servers servers, StrictClient client, Console console, Duration pause, List<Step> steps) {
        this.servers = servers;
        this.client = client;
        this.console = console;
        this.pause = pause;
        this.steps = steps;
    }

    /** Runs all steps and returns the process that serves in the end, which this process has started. */
    Process run(Process first, Ready firstReady) throws IOException, InterruptedException, UnmetExpectation {
        awaitAnswer(firstReady);
        Thread.sleep(pause.toMillis());

        console.step("HUP to process " + firstReady.pid() + ": it starts its own successor");
        Ready secondReady = replace(Step.Kind.HUP, firstReady, () -> {
            Servers.hangUp(firstReady.pid());
            return first.toHandle();
        });
        ProcessHandle second = servers.find(secondReady.pid());
        awaitExit(first, 0);
        Thread.sleep(pause.toMillis());

        console.step("Starting a second copy with the same handoff path");
        Process[] third = new Process[1];
        Ready thirdReady = replace(Step.Kind.SECOND_COPY, secondReady, () -> {
            third[0] = servers.start();
            return third[0].toHandle();
        });
        awaitExit(second);
        Thread.sleep(pause.toMillis());

        console.step("Starting a copy that fails before it is ready");
        failSuccessor(thirdReady, third[0]);
        return third[0];
    }

    private Ready replace(Step.Kind kind, Ready predecessor, Trigger trigger)
            throws IOException, InterruptedException, UnmetExpectation {
        Duration at = client.elapsed();
        Ready ready = servers.awaitReady(trigger.pull());
        Duration took = client.elapsed().minus(at);
        if (ready.pid() == predecessor.pid() || ready.generation() <= predecessor.generation()) {
            throw new UnmetExpectation("not a new generation: " + ready + " after " + predecessor);
        }
        steps.add(new Step(kind, at, took, ready.pid(), ready.generation()));
        console.fact("process " + ready.pid() + " is ready as generation " + ready.generation() + " after "
                + SummaryTable.seconds(took));
        awaitAnswer(ready);
        return ready;
    }

    private void failSuccessor(Ready serving, Process process)
            throws IOException, InterruptedException, UnmetExpectation {
        LoadResult before = client.snapshot();
        Duration at = client.elapsed();
        Process failing = servers.start("--fail-before-ready");
        awaitExit(failing, FAILED_ON_PURPOSE);
        Duration took = client.elapsed().minus(at);
        steps.add(new Step(Step.Kind.ROLLED_BACK, at, took, failing.pid(), serving.generation()));
        Thread.sleep(pause.toMillis());

        LoadResult after = client.snapshot();
        if (!process.isAlive() || after.newestGeneration() != serving.generation()) {
            throw new UnmetExpectation("generation " + serving.generation() + " does not serve on: " + after);
        }
        if (after.answered() == before.answered() || !after.clean()) {
            throw new UnmetExpectation("the failed successor was noticed: " + after);
        }
        console.fact("process " + failing.pid() + " was rolled back after " + SummaryTable.seconds(took)
                + ", generation " + serving.generation() + " serves on");
    }

    private void awaitAnswer(Ready ready) throws InterruptedException, UnmetExpectation {
        long deadline = System.nanoTime() + ANSWER_LIMIT.toNanos();
        while (client.snapshot().generations().stream()
                .noneMatch(each -> each.generation() == ready.generation() && each.pid() == ready.pid())) {
            if (System.nanoTime() > deadline) {
                throw new UnmetExpectation("no answer from " + ready + " within " + ANSWER_LIMIT.toSeconds() + " s");
            }
            Thread.sleep(20);
        }
    }

    /** Waits for the end of a process that this one has started. */
    void awaitExit(Process process, int status) throws InterruptedException, UnmetExpectation {
        awaitExit(process.toHandle());
        if (process.waitFor() != status) {
            throw new UnmetExpectation(
                    "process " + process.pid() + " ended with status " + process.exitValue() + " instead of " + status);
        }
        console.fact("process " + process.pid() + " ended with status " + status);
    }

    private static void awaitExit(ProcessHandle process) throws InterruptedException, UnmetExpectation {
        CompletableFuture<ProcessHandle> exit = process.onExit();
        try {
            exit.get(EXIT_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new UnmetExpectation(
                    "process " + process.pid() + " has not ended within " + EXIT_LIMIT.toSeconds() + " s");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
