// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.Profile;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A reverse proxy that keeps its connections to the server, and repeats nothing, has no error to pass on. */
@Tag("once")
class NginxIT {
    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldAnswerEveryRequestBehindNginxOverTenUpgrades() throws Exception {
        shouldAnswerEveryRequest(10, JavaCommand.http());
    }

    @Test
    void shouldAnswerEveryRequestBehindNginxOverUpgradesThatMoveNothing() throws Exception {
        shouldAnswerEveryRequest(3, JavaCommand.http("--no-migrate"));
    }

    private void shouldAnswerEveryRequest(int upgrades, JavaCommand command) throws IOException {
        RunningProcess server = processes.start(command.with("--port", Integer.toString(FreePort.find()))
                .environment("GRACEFUL_NETTY_PROBATION", "0s"));
        ServerGeneration current = server.awaitReady(1);
        Nginx nginx = Nginx.start(processes, directory, current.address());
        LoadResult result;
        try (StrictClient client = StrictClient.builder()
                .address(nginx.address())
                .profile(Profile.busy(8))
                .profile(Profile.paced(64, Duration.ofMillis(50)))
                .start()) {
            for (int upgrade = 1; upgrade <= upgrades; upgrade++) {
                ServerGeneration old = current;
                old.hup();
                current = server.awaitReady(upgrade + 1);
                old.awaitEnd();
            }
            result = client.stop();
        }
        nginx.stop();
        System.out.println("NginxIT: " + nginx.statuses());
        assertThat(nginx.statuses()).containsOnlyKeys("200");
        assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
        assertThat(result.reconnects()).as("%s", result).isZero();
        assertThat(result.generations()).hasSize(upgrades + 1);
        server.assertDrainedGently(upgrades);
        processes.awaitOnly(current);
    }
}
