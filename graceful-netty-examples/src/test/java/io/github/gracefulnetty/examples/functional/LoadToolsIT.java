// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A load generator that somebody else has written sees no error while the plain Netty server is upgraded. */
@Tag("once")
class LoadToolsIT {
    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @Test
    void shouldShowNoErrorToWrk() {
        RunningProcess server = processes.start(JavaCommand.http("--port", "0"));
        ServerGeneration first = server.awaitReady(1);
        RunningProcess wrk = LoadTools.wrk(processes, first.address(), "/");
        first.hup();
        server.awaitReady(2);
        first.awaitEnd();
        LoadTools.assertNoError(wrk);
        server.assertDrainedGently(1);
    }
}
