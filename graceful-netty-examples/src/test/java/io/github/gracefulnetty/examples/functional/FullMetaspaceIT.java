// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** There is no room for one more class: the server ends all the same when it is told to. */
@Tag("once")
class FullMetaspaceIT {
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

    @Test
    void shouldEndWhenItIsToldTo() throws IOException {
        ServerGeneration first = start();
        let(CrowdedServer.fill(first.pid()));
        first.term();
        first.awaitEnd();
        processes.awaitNone();
    }
}
