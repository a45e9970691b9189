// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.load.StrictClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** There is no room for one more class: upgrades fail and say why, the server serves on, and ends when it is told to. */
@Tag("once")
class FullMetaspaceIT {
    private static final String FAILED = "this process serves on: ";

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @TempDir
    Path steps;

    private RunningProcess server;

    private ServerGeneration start() throws IOException {
        server = processes.start(JavaCommand.main(
                        CrowdedServer.class,
                        steps.toString(),
                        "http",
                        "--host",
                        "127.0.0.1",
                        "--port",
                        "0",
                        "--handoff",
                        directory.resolve("handoff.sock").toString(),
                        "--drain-timeout",
                        "2s")
                .jvm("-XX:MaxMetaspaceSize=40m"));
        return server.awaitReady(1);
    }

    private void let(String step) throws IOException {
        new Steps(steps).let(server, step);
    }

    /** Requests may be lost while there is no room: that is between Netty, the JDK and them. */
    private static void awaitAnswers(StrictClient client) {
        long answered = client.snapshot().answered();
        Await.until("more answers", () -> client.snapshot().answered() > answered);
    }

    @Test
    void shouldFailServeOnAndUpgradeWhenThereIsRoomAgain() throws IOException {
        ServerGeneration first = start();
        try (StrictClient client = StrictClient.builder()
                .address(first.address())
                .busy(2)
                .fresh(1, Duration.ofMillis(20))
                .start()) {
            awaitAnswers(client);
            let(CrowdedServer.fill(first.pid()));
            for (int i = 1; i <= 2; i++) {
                int failures = i;
                first.hup();
                Await.until("a failure that is told", () -> server.err().count(FAILED) == failures);
                awaitAnswers(client);
            }
            let(CrowdedServer.makeRoom(first.pid()));
            first.hup();
            ServerGeneration second = server.awaitReady(2);
            assertThat(server.awaitExit()).as(server::report).isZero();
            awaitAnswers(client);
            second.term();
            second.awaitEnd();
        }
        processes.awaitNone();
    }

    @Test
    void shouldEndWhenItIsToldTo() throws IOException {
        ServerGeneration first = start();
        let(CrowdedServer.fill(first.pid()));
        first.term();
        first.awaitEnd();
        processes.awaitNone();
    }
}
