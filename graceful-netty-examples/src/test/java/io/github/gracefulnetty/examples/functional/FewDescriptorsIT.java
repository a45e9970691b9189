// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.Profile;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A server that may open no descriptor at all, or one, or two, and so on, is upgraded, or serves on at once and says that this
 * is the reason; no client notices, nothing is left open, and it can be upgraded when there is room again. All numbers, and
 * not only a few, with {@code -DfewDescriptors=all}.
 */
@Tag("once")
class FewDescriptorsIT {
    private static final List<Integer> NUMBERS =
            System.getProperty("fewDescriptors", "").equals("all")
                    ? IntStream.rangeClosed(0, HoardingServer.MOST_FREE).boxed().toList()
                    : List.of(0, 1, 3, 6, 17);

    private static final Pattern END = Pattern.compile("upgrade refused|this process serves on|handed over to pid");

    /** What is said when somebody has waited for something that never came. */
    private static final Pattern LATE = Pattern.compile("was not ready within|was silent for|timed out");

    /** Its table is small enough to be filled in no time. */
    private static final String[] LIMITED = {"prlimit", "--nofile=200:200"};

    /** Who upgrades, and whether a service manager is told. */
    enum Way {
        HUP(false),
        HUP_WITH_MANAGER(true),
        SECOND_COPY(false),
        SECOND_COPY_WITH_MANAGER(true);

        private final boolean manager;

        Way(boolean manager) {
            this.manager = manager;
        }

        boolean byCopy() {
            return this == SECOND_COPY || this == SECOND_COPY_WITH_MANAGER;
        }
    }

    /** The newest generation, and the process on whose streams it writes. */
    private record Serving(RunningProcess process, ServerGeneration server, HoardingServer.Hoard hoard) {
        static Serving of(RunningProcess process, ServerGeneration server, Path directory) {
            return new Serving(process, server, HoardingServer.Hoard.first(directory, server.pid()));
        }

        Serving after() {
            return new Serving(process, server, hoard.next());
        }
    }

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private String[] options = {};
    private String notify = "";

    @BeforeEach
    void needPrlimit() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/prlimit")), "prlimit is missing: install util-linux");
        notify = directory.resolve("notify").toString();
        options = new String[] {
            directory.toString(),
            "http",
            "--host",
            "127.0.0.1",
            "--port",
            Integer.toString(FreePort.find()),
            "--handoff",
            directory.resolve("handoff.sock").toString()
        };
    }

    private JavaCommand command(Way way) {
        JavaCommand command = JavaCommand.main(HoardingServer.class, options).through(LIMITED);
        return way.manager ? command.environment("NOTIFY_SOCKET", notify) : command;
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeUpgradedOrServeOnWhateverItMayOpen(Way way) throws IOException {
        try (NotifySocket manager = new NotifySocket(notify)) {
            RunningProcess first = processes.start(command(way));
            Serving serving = Serving.of(first, first.awaitReady(1), directory);
            StrictClient client = load(serving.server());
            try (client) {
                awaitAnswers(client, serving.server());
                for (int free : NUMBERS) {
                    serving = upgrade(way, serving, free);
                    awaitAnswers(client, serving.server());
                }
                LoadResult result = client.stop();
                assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
            }
            String newest = "MAINPID=" + serving.server().pid();
            Await.untilAsserted(
                    "what the manager hears",
                    () -> assertThat(manager.heard().stream().anyMatch(heard -> heard.contains(newest)))
                            .isEqualTo(way.manager));
        }
    }

    /** Its successor dies when the predecessor can open nothing: it serves again, and is replaced when there is room. */
    @Test
    void shouldServeAgainWhateverItMayOpen() throws IOException {
        RunningProcess process =
                processes.start(command(Way.HUP).with("--no-migrate").environment("GRACEFUL_NETTY_PROBATION", "10m"));
        Serving serving = Serving.of(process, process.awaitReady(1), directory);
        awaitRehearsal(serving.server());
        serveAgain(serving, HoardingServer.MOST_FREE); // what Java opens for good when it first needs it
        for (int free : NUMBERS) {
            serving = serving.after();
            List<String> open = Proc.descriptorKinds(serving.server().pid());
            serveAgain(serving, free);
            awaitNothingLeft(serving.server(), open, free);
        }
        serving.server().term();
        assertThat(process.awaitExit()).as(process::report).isZero();
    }

    /** Java cannot even look what its child has started then. */
    @ParameterizedTest
    @ValueSource(ints = {0, 17})
    void shouldEndASuccessorThatIsNotReadyInTimeWhateverItMayOpen(int free) throws IOException {
        RunningProcess process =
                processes.start(command(Way.HUP).with("--init-delay", "8s", "--upgrade-timeout", "11s"));
        Serving serving = Serving.of(process, process.awaitReady(1), directory);
        serving.server().hup();
        String line = process.err().await("has 1 descriptors");
        Matcher pid = Pattern.compile("successor pid (\\d+) ").matcher(line);
        assertThat(pid.find()).isTrue();
        long successor = Long.parseLong(pid.group(1));
        Proc.stop(successor);
        serving.hoard().let(process, free);
        assertThat(awaitEnd(serving, 0, "with " + free)).contains("was not ready within 11000 ms");
        Await.until(
                "the end of pid " + successor,
                () -> Proc.children(serving.server().pid()).isEmpty());
        serving.hoard().letGo(process);
        upgradeWithRoom(serving.after());
    }

    private static void serveAgain(Serving serving, int free) throws IOException {
        RunningProcess process = serving.process();
        ServerGeneration server = serving.server();
        int before = ends(serving);
        long ready = process.out().count("READY");
        long again = process.err().count("this process serves again");
        server.hup();
        assertThat(awaitEnd(serving, before, "with room")).contains("handed over");
        Await.until("the successor of " + server, () -> process.out().count("READY") > ready);
        serving.hoard().let(process, free);
        new ServerGeneration(process.newestPid(), 2, server.addresses()).kill();
        Await.until("serves again with " + free, () -> process.err().count("this process serves again") > again);
        serving.hoard().letGo(process);
        try (HttpConnection connection = HttpConnection.to(server.address())) {
            assertThat(connection.get("/").pid()).isEqualTo(server.pid());
        }
    }

    /** @return who serves in the end: another process */
    private Serving upgrade(Way way, Serving serving, int free) throws IOException {
        awaitRehearsal(serving.server());
        List<String> open = Proc.descriptorKinds(serving.server().pid());
        serving.hoard().let(serving.process(), free);
        int before = ends(serving);
        RunningProcess next = serving.process();
        if (way.byCopy()) {
            next = processes.start(command(way));
        } else {
            serving.server().hup();
        }
        String end = awaitEnd(serving, before, "with " + free);
        if (end.contains("handed over")) {
            return replaced(serving, next);
        }
        assertThat(end).as("with " + free).contains("see ulimit -n").doesNotContainPattern(LATE);
        if (way.byCopy()) {
            assertThat(next.awaitExit()).as("status of the copy with " + free).isNotZero();
        }
        serving.hoard().letGo(serving.process());
        awaitNothingLeft(serving.server(), open, free);
        return upgradeWithRoom(serving.after());
    }

    private Serving upgradeWithRoom(Serving serving) {
        int before = ends(serving);
        serving.server().hup();
        assertThat(awaitEnd(serving, before, "with room")).contains("handed over");
        return replaced(serving, serving.process());
    }

    private Serving replaced(Serving before, RunningProcess next) {
        ServerGeneration server = next.awaitReady(before.server().generation() + 1);
        before.server().awaitEnd();
        processes.awaitOnly(server);
        return Serving.of(next, server, directory);
    }

    private static int ends(Serving serving) {
        return endLines(serving).size();
    }

    private static List<String> endLines(Serving serving) {
        return serving.process().err().lines().stream()
                .filter(line -> END.matcher(line).find())
                .toList();
    }

    private static String awaitEnd(Serving serving, int before, String when) {
        Await.until("end of an upgrade " + when, () -> ends(serving) > before);
        return endLines(serving).get(before);
    }

    /** What a process loads and opens for good before its first upgrade. */
    private static void awaitRehearsal(ServerGeneration server) {
        Await.until(
                "rehearsal of " + server,
                () -> Proc.descriptorKinds(server.pid()).contains("/dev/urandom"));
    }

    private static void awaitNothingLeft(ServerGeneration server, List<String> before, int free) {
        Await.untilAsserted("nothing left open with " + free, () -> {
            List<String> left = new ArrayList<>(Proc.descriptorKinds(server.pid()));
            before.forEach(left::remove);
            assertThat(left).as("left open with " + free).isEmpty();
        });
    }

    /** Few enough that the table has room for them, more than there are event loops, and none that connects anew. */
    private static StrictClient load(ServerGeneration server) {
        return StrictClient.builder()
                .address(server.address())
                .profile(Profile.paced(12, Duration.ofMillis(5)))
                .start();
    }

    private static void awaitAnswers(StrictClient client, ServerGeneration from) {
        Await.until(
                "answers from " + from,
                () -> client.snapshot()
                        .generation(from.generation())
                        .filter(result -> result.pid() == from.pid())
                        .isPresent());
    }
}
