// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.FaultyServer;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Starts the processes of one test, and sees to it that none of them outlives it. They and all that they start carry a
 * mark in their environment, so none is overlooked. A test may leave the newest generation of its server running: that is
 * told to stop and has to do so. Anything else that is left, or has written a stack trace, fails the test.
 */
public final class TestProcesses implements BeforeEachCallback, AfterEachCallback {
    /** The variable that marks the processes of a test. */
    static final String MARK = "GRACEFUL_NETTY_TEST";

    /** Not those of a JVM that cannot begin, because its directory was deleted: it names the module in parentheses. */
    private static final Pattern STACK_FRAME = Pattern.compile("\\s+at [\\w.$/<>]+\\((?!java\\.base/).*");

    private final String mark = UUID.randomUUID().toString();
    private final List<RunningProcess> started = new ArrayList<>();
    private Path temporaryDirectory = Path.of("unset");

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        temporaryDirectory = Files.createTempDirectory("functional-");
    }

    /** What the started processes use as {@code java.io.tmpdir}. */
    public Path temporaryDirectory() {
        return temporaryDirectory;
    }

    public RunningProcess start(JavaCommand command) {
        return start(command.jvm("-Djava.io.tmpdir=" + temporaryDirectory).toProcessBuilder());
    }

    public RunningProcess start(ProcessBuilder builder) {
        builder.environment().put(MARK, mark);
        if (Proc.ignoresTerminatingSignals()) {
            // As under nohup, or in the background of a script: children inherit it, and a JVM leaves it so.
            List<String> command = new ArrayList<>(List.of("env", "--default-signal=HUP,INT,TERM"));
            command.addAll(builder.command());
            builder.command(command);
        }
        int number = started.size() + 1;
        Path out = temporaryDirectory.resolve(number + ".out");
        Path err = temporaryDirectory.resolve(number + ".err");
        builder.redirectInput(new File("/dev/null"))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        try {
            Process process = builder.start();
            RunningProcess running =
                    new RunningProcess(String.join(" ", builder.command()), process, out, err, this::isOpen);
            started.add(running);
            return running;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean isOpen(Path file) {
        return alive().stream().anyMatch(pid -> Proc.descriptors(pid).containsValue(file.toString()));
    }

    /** The processes of this test that run now. */
    public List<Long> alive() {
        return Proc.withVariable(MARK, mark);
    }

    /** Waits until nothing but this process is left of the test. */
    public void awaitOnly(ServerGeneration survivor) {
        Await.untilAsserted(
                "no process but " + survivor, () -> assertThat(alive()).containsExactly(survivor.pid()));
    }

    public void awaitNone() {
        Await.untilAsserted(
                "no process left",
                () -> assertThat(alive()).as(() -> Proc.describe(alive())).isEmpty());
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException {
        Throwable failure = context.getExecutionException().orElse(null);
        try {
            if (failure == null) {
                stopAndCheck();
            }
        } catch (AssertionError | RuntimeException e) {
            failure = e;
            throw new AssertionError(e.getMessage() + "\n" + report(), e);
        } finally {
            killAll();
            if (failure != null && failure == context.getExecutionException().orElse(null)) {
                failure.addSuppressed(new AssertionError(report()));
            }
            delete(temporaryDirectory);
        }
    }

    private void stopAndCheck() throws IOException {
        // Generations are counted anew where nobody was left to take over from.
        List<RunningProcess> running = started.stream()
                .filter(process -> Proc.isAlive(process.newestPid()))
                .toList();
        int newest = running.stream()
                .mapToInt(RunningProcess::newestGeneration)
                .max()
                .orElse(0);
        List<RunningProcess> last = running.stream()
                .filter(process -> process.newestGeneration() == newest)
                .toList();
        List<Long> pids = last.stream().map(RunningProcess::newestPid).toList();
        Await.untilAsserted("end of what a test leaves behind, but for " + pids, () -> {
            List<Long> others = new ArrayList<>(alive());
            others.removeAll(pids);
            assertThat(others).as(() -> Proc.describe(others)).isEmpty();
        });
        pids.forEach(pid -> Proc.signal("TERM", pid));
        awaitNone();
        for (RunningProcess process : last) {
            if (pids.contains(process.pid())) {
                assertThat(process.awaitExit()).as("status of " + process).isZero();
            }
        }
        for (RunningProcess process : started) {
            process.awaitExitAndOutput();
            assertThat(frames(process.out().lines())).as("output of " + process).isEmpty();
            assertThat(frames(process.err().lines())).as("output of " + process).isEmpty();
            assertThat(Stream.concat(process.out().lines().stream(), process.err().lines().stream()))
                    .as("output of " + process)
                    .noneMatch(line -> line.contains("LEAK:"))
                    .noneMatch(line -> line.contains("are in no column of the report"));
        }
        assertThat(ownTemporaryFiles()).isEmpty();
    }

    /** The lines of stack traces, but for those of faults that a test has asked for. */
    private static List<String> frames(List<String> lines) {
        List<String> frames = new ArrayList<>();
        boolean wanted = false;
        for (String line : lines) {
            if (!STACK_FRAME.matcher(line).matches()) {
                wanted = line.contains(FaultyServer.FAULT) || line.contains(CrowdedServer.FULL);
            } else if (!wanted) {
                frames.add(line);
            }
        }
        return frames;
    }

    /** What the library has put into the temporary directory. */
    List<Path> ownTemporaryFiles() throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(temporaryDirectory, "graceful-netty*")) {
            stream.forEach(files::add);
        }
        return files;
    }

    private void killAll() {
        Await.until("end of all processes of this test", () -> {
            List<Long> left = alive();
            left.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
            started.forEach(RunningProcess::kill);
            return left.isEmpty();
        });
    }

    private String report() {
        return String.join("\n", started.stream().map(RunningProcess::report).toList());
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
