// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.load.GenerationResult;
import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The {@code web} example is replaced by further copies of itself and by nothing else: no signal is sent to it. */
@Tag("once")
class WebIT {
    private static final int COPIES = 5;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldLoseNothingWhenFiveFurtherCopiesTakeOverInTurnAndStopWithTheLast() {
        String port = Integer.toString(FreePort.find());
        RunningProcess copy = start(port);
        ServerGeneration current = copy.awaitReady(1);
        List<Long> pids = new ArrayList<>(List.of(current.pid()));
        try (StrictClient client = StrictClient.builder()
                .address(current.address())
                .busy(16)
                .paced(100, Duration.ofMillis(50))
                .fresh(8)
                .start()) {
            awaitAnswers(client, current);
            for (int number = 1; number <= COPIES; number++) {
                RunningProcess next = start(port);
                current = next.awaitReady(number + 1);
                assertThat(current.pid()).isEqualTo(next.pid());
                assertThat(copy.awaitExit())
                        .as("status of the replaced " + copy)
                        .isZero();
                awaitAnswers(client, current);
                pids.add(current.pid());
                copy = next;
            }
            LoadResult result = client.stop();
            assertThat(result.clean()).as("nothing lost or refused: %s", result).isTrue();
            assertThat(result.generations())
                    .as("%s", result)
                    .extracting(GenerationResult::pid)
                    .isEqualTo(pids);
        }
        processes.awaitOnly(current);
        current.term();
        assertThat(copy.awaitExit()).isZero();
        processes.awaitNone();
        assertThat(directory).as("the directory of the handoff path").isEmptyDirectory();
    }

    @Test
    void shouldServeOnWhenACopyIsStartedForAnotherPortThatIsTaken() {
        RunningProcess server = start(Integer.toString(FreePort.find()));
        ServerGeneration first = server.awaitReady(1);
        RunningProcess elsewhere = processes.start(JavaCommand.http("--port", "0"));
        int taken = elsewhere.awaitReady(1).address().getPort();
        RunningProcess wrong = start(Integer.toString(taken));
        assertThat(wrong.awaitExit()).isEqualTo(1);
        wrong.err().await("error: ");
        try (HttpConnection connection = HttpConnection.to(first.address())) {
            assertThat(connection.get("/").pid()).isEqualTo(first.pid());
        }
        start(Integer.toString(first.address().getPort())).awaitReady(2);
        assertThat(server.awaitExit()).isZero();
        elsewhere.awaitReady(1).term();
        assertThat(elsewhere.awaitExit()).isZero();
    }

    private RunningProcess start(String port) {
        return processes.start(JavaCommand.example(
                "web", "--port", port, "--path", directory.resolve("web.sock").toString()));
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
