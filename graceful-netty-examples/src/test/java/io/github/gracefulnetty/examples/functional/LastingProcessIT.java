// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Processes that outlive their servers: nothing that ends with a process can make good for what its server forgot. */
class LastingProcessIT {
    private static final int TIMES = 10;
    private static final int CONNECTIONS = 200;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private final int port = FreePort.find();
    private Steps steps;

    @Test
    void shouldMoveEveryConnectionToAndFroThoughEventLoopsEndWhenTheLastOneHasLeft() throws Exception {
        steps = new Steps(directory);
        RunningProcess one = start("one");
        RunningProcess other = start("other");
        steps.let(one, "one1");
        try (IdleConnections idle = new IdleConnections(new InetSocketAddress("127.0.0.1", port), CONNECTIONS)) {
            assertThat(idle.ask().from(one.pid())).isEqualTo(CONNECTIONS);
            for (int i = 1; i <= TIMES; i++) {
                shouldAllMove(idle, one, "one" + i, other, "other" + i);
                if (i < TIMES) {
                    shouldAllMove(idle, other, "other" + i, one, "one" + (i + 1));
                }
            }
        }
        end(one, "one");
        end(other, "other");
    }

    private RunningProcess start(String name) {
        return processes.start(JavaCommand.main(
                LastingServer.class,
                directory.toString(),
                name,
                Integer.toString(TIMES),
                directory.resolve("handoff.sock").toString(),
                Integer.toString(port)));
    }

    private void shouldAllMove(IdleConnections idle, RunningProcess from, String had, RunningProcess to, String takes)
            throws Exception {
        steps.let(to, takes);
        from.out().await("MOVED " + had + ": " + CONNECTIONS + " of " + CONNECTIONS);
        assertThat(idle.ask().from(to.pid())).as(takes).isEqualTo(CONNECTIONS);
    }

    private void end(RunningProcess process, String name) throws Exception {
        steps.begin(name + "end");
        assertThat(process.awaitExit()).as(process::report).isZero();
    }
}
