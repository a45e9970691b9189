// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.vertx;

import io.github.gracefulnetty.examples.functional.Http2Witness;
import io.github.gracefulnetty.examples.functional.LoadTools;
import io.github.gracefulnetty.examples.functional.RunningProcess;
import io.github.gracefulnetty.examples.functional.ServerGeneration;
import io.github.gracefulnetty.examples.functional.TestProcesses;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Load generators that others have written see no error while a Vert.x server is upgraded. */
@Tag("once")
class VertxLoadToolsIT {
    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @Test
    void shouldShowNoErrorToWrk() {
        LoadTools.assertNoError(upgradeUnder(
                processes.start(Servers.example("--port", "0")),
                server -> LoadTools.wrk(processes, server.address(), "/slow?ms=5")));
    }

    @Test
    void shouldAnswerAllThatH2loadSends() {
        RunningProcess server = processes.start(Servers.example("--port", "0"));
        try (Http2Witness witness = Http2Witness.of(server.awaitReady(1).address())) {
            LoadTools.assertAllSentSucceeded(
                    upgradeUnder(server, first -> LoadTools.h2load(processes, witness, "/slow?ms=1")), witness);
        }
    }

    private static RunningProcess upgradeUnder(RunningProcess server, Function<ServerGeneration, RunningProcess> tool) {
        ServerGeneration first = server.awaitReady(1);
        RunningProcess load = tool.apply(first);
        first.hup();
        server.awaitReady(2);
        first.awaitEnd();
        server.assertDrainedGently(1);
        return load;
    }
}
