// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.vertx;

import io.github.gracefulnetty.examples.functional.JavaCommand;
import io.github.gracefulnetty.examples.functional.LoadTools;
import io.github.gracefulnetty.examples.functional.RunningProcess;
import io.github.gracefulnetty.examples.functional.ServerGeneration;
import io.github.gracefulnetty.examples.functional.TestCertificate;
import io.github.gracefulnetty.examples.functional.TestProcesses;
import java.nio.file.Path;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Load generators that others have written see no error while a Vert.x server is upgraded. */
@Tag("once")
class VertxLoadToolsIT {
    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldShowNoErrorToWrk() {
        LoadTools.assertNoError(upgradeUnder(
                Servers.example("--port", "0"), server -> LoadTools.wrk(processes, server.address(), "/slow?ms=5")));
    }

    @Test
    void shouldAnswerAllThatH2loadStarted() throws Exception {
        LoadTools.assertAllStartedSucceeded(upgradeUnder(
                Servers.withTls(new TestCertificate(directory)),
                server -> LoadTools.h2load(processes, "https", server.address(), "/slow?ms=20")));
    }

    private RunningProcess upgradeUnder(JavaCommand command, Function<ServerGeneration, RunningProcess> tool) {
        RunningProcess server = processes.start(command);
        ServerGeneration first = server.awaitReady(1);
        RunningProcess load = tool.apply(first);
        first.hup();
        server.awaitReady(2);
        first.awaitEnd();
        server.assertDrainedGently(1);
        return load;
    }
}
