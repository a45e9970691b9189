// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The thirtieth successor has nothing that the first one had not, and nothing else is left. */
@Tag("once")
class AfterManyUpgradesIT {
    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldLeaveNothingBehindAfter30Upgrades() throws IOException {
        Path handoff = directory.resolve("handoff.sock");
        ServerGeneration last =
                shouldLeaveNothingBehind(30, JavaCommand.http("--port", "0", "--handoff", handoff.toString()));
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(handoff);
        }
        last.term();
        last.awaitEnd();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldLeaveNothingBehindAfterUpgradesWithoutAHandoffPath() throws IOException {
        shouldLeaveNothingBehind(4, JavaCommand.http("--port", "0"));
        Await.untilAsserted(
                "the end of the last rehearsal",
                () -> assertThat(processes.ownTemporaryFiles()).isEmpty());
    }

    private ServerGeneration shouldLeaveNothingBehind(int upgrades, JavaCommand command) {
        RunningProcess server = processes.start(command);
        ServerGeneration current = upgrade(server, server.awaitReady(1));
        Settled second = settled(server, current);
        try (StrictClient client = StrictClient.builder()
                .address(current.address())
                .paced(20, Duration.ofMillis(20))
                .start()) {
            while (current.generation() <= upgrades) {
                current = upgrade(server, current);
            }
            LoadResult result = client.stop();
            assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
        }
        ServerGeneration last = current;
        Await.untilAsserted(
                "generation " + last.generation() + " has what generation 2 had",
                () -> assertThat(settled(server, last)).isEqualTo(second));
        assertThat(Proc.zombies(last.pid())).isEmpty();
        assertThat(Proc.zombies(ProcessHandle.current().pid())).isEmpty();
        return last;
    }

    private static ServerGeneration upgrade(RunningProcess server, ServerGeneration current) {
        current.hup();
        return server.awaitReady(current.generation() + 1);
    }

    /** What a process has while nothing goes on. */
    private record Settled(List<String> descriptors, List<String> threads) {}

    private Settled settled(RunningProcess process, ServerGeneration server) {
        processes.awaitOnly(server);
        // All event loops have had a connection, so all threads are there.
        for (int i = 0; i < 4 * Runtime.getRuntime().availableProcessors(); i++) {
            try (HttpConnection connection = HttpConnection.to(server.address())) {
                assertThat(connection.get("/").pid()).isEqualTo(server.pid());
            }
        }
        Await.until(
                "end of all connections",
                () -> Proc.descriptorKinds(server.pid()).stream().noneMatch("tcp"::equals));
        // It says so when it has closed its connection to the predecessor.
        Await.until(
                "the last word of all predecessors",
                () -> process.err().count("the predecessor has drained") == server.generation() - 1);
        // One unix socket is the JDK's own. There are more while a process rehearses its upgrade, soon after its start.
        AtomicReference<Settled> settled = new AtomicReference<>();
        Await.until("the end of the rehearsal", () -> {
            List<String> descriptors = Proc.descriptorKinds(server.pid());
            settled.set(new Settled(descriptors, Proc.threads(server.pid())));
            return processes.ownTemporaryFiles().isEmpty()
                    && descriptors.stream().filter("unix"::equals).count() <= 1;
        });
        return settled.get();
    }
}
