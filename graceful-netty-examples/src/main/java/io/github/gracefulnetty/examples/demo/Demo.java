// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Puts load on the example server and replaces it three times: by HUP, by a second copy, and by a successor that fails
 * and is rolled back. Ends with status 1 when a client noticed anything, or something that should happen did not.
 */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = "Replaces a server three times under load and shows what its clients noticed.")
public final class Demo implements Callable<Integer> {

    @Option(names = "--jar", required = true, description = "The examples jar, whose http command is the server.")
    private Path jar = Path.of("");

    @Option(names = "--report", required = true, description = "Where to write the HTML report.")
    private Path report = Path.of("");

    @Option(
            names = "--pause-seconds",
            defaultValue = "4",
            description = "How long the load runs undisturbed after each step (default: ${DEFAULT-VALUE}).")
    private int pauseSeconds;

    private final Console console = new Console(System.out);

    /** Runs the demo and exits. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Demo()).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Path directory = Objects.requireNonNull(report.toAbsolutePath().getParent(), "the report is a file");
        Files.createDirectories(directory);
        Path log = directory.resolve("servers.log");
        try (Servers servers = new Servers(jar, log)) {
            // Ctrl-C ends this process without running any of what follows
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(servers), "end"));
            DemoResult result = run(servers);
            new HtmlReport(result).write(report);
            show(result, log);
            return result.passed() ? 0 : 1;
        } catch (UnmetExpectation e) {
            console.line("FAILED: " + e.getMessage() + "; the output of the servers is in " + log);
            return 1;
        }
    }

    private void end(Servers servers) {
        console.mute();
        servers.close();
    }

    /** From the start of the load on, what goes wrong is among the problems of the result. */
    private DemoResult run(Servers servers) throws IOException, InterruptedException, UnmetExpectation {
        console.step("Starting the server");
        long trigger = System.nanoTime();
        Process first = servers.start();
        Ready ready = servers.awaitReady(first.toHandle());
        Duration took = Duration.ofNanos(System.nanoTime() - trigger);
        console.fact("process " + ready.pid() + " serves " + ready.address() + " as generation " + ready.generation());

        console.step("Starting the load");
        List<Step> steps = new ArrayList<>();
        steps.add(new Step(Step.Kind.FIRST, took.negated(), took, ready.pid(), ready.generation()));
        List<String> problems = new ArrayList<>();
        ScheduledExecutorService ticker = Executors.newSingleThreadScheduledExecutor();
        try (StrictClient client = load(ready)) {
            ticker.scheduleAtFixedRate(() -> console.progress(client.snapshot()), 1, 1, TimeUnit.SECONDS);
            LoadResult load;
            try {
                Scenario scenario = new Scenario(servers, client, console, Duration.ofSeconds(pauseSeconds), steps);
                Process last = scenario.run(first, ready);
                ticker.shutdown();
                console.step("Stopping the load, then the server by TERM");
                load = client.stop();
                last.destroy();
                scenario.awaitExit(last, 0);
            } catch (UnmetExpectation e) {
                problems.add(e.getMessage());
                load = client.stop();
            }
            return new DemoResult(load, List.copyOf(steps), servers.exits(), List.copyOf(problems));
        } finally {
            ticker.shutdownNow();
        }
    }

    private static StrictClient load(Ready ready) {
        return StrictClient.builder()
                .address(ready.address())
                .busy(4)
                .paced(200, Duration.ofMillis(50))
                .fresh(8, Duration.ofMillis(10))
                .start();
    }

    private void show(DemoResult result, Path log) {
        console.table(SummaryTable.rows(result));
        result.rollbacks().forEach(console::line);
        if (!result.load().clean()) {
            console.line(result.load().toString());
        }
        result.problems().forEach(each -> console.line("FAILED: " + each));
        console.line((result.passed() ? "PASSED: " : "FAILED: ") + result.verdict());
        console.line("Report: " + report.toAbsolutePath());
        if (!result.passed()) {
            console.line("Output of the servers: " + log);
        }
    }
}
