// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.StuckServer;
import io.github.gracefulnetty.StuckServer.Where;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nothing that blocks keeps a server from ending when it is told to. */
@Tag("once")
class StopGuardIT {
    private static final int TERMINATED = 128 + 15;
    private static final String ENDED = "this process was told to stop and has not ended";

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @Test
    void shouldUpgradeAndStopWhileACallbackOfReadyBlocksForEver() {
        RunningProcess server = start(Where.READY_CALLBACK, "30s");
        ServerGeneration first = server.awaitReady(1);
        server.out().await("STUCK pid=" + first.pid());
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        assertThat(server.awaitExit()).as(server::report).isZero();
        server.out().await("STUCK pid=" + second.pid());
        second.term();
        second.awaitEnd();
        server.err().await("drained 0 connections");
        assertThat(server.err().text()).as(server::report).doesNotContain(ENDED);
    }

    @ParameterizedTest
    @EnumSource(
            value = Where.class,
            names = {"CONTROL_LOOP", "DEAD_LOOP", "SHUTDOWN_HOOK"})
    void shouldEndAfterTheDrainTimeoutWhateverBlocksForEver(Where where) {
        RunningProcess server = start(where, "1s");
        ServerGeneration first = awaitStuck(server);
        first.term();
        assertThat(server.awaitExit()).as(server::report).isEqualTo(TERMINATED);
        assertThat(server.err().count(ENDED)).as(server::report).isEqualTo(1);
    }

    @Test
    void shouldEndSoonWhenItIsToldTwice() {
        RunningProcess server = start(Where.CONTROL_LOOP, "1h");
        ServerGeneration first = awaitStuck(server);
        first.term();
        server.err().await("TERM: stopping");
        first.term();
        assertThat(server.awaitExit()).as(server::report).isEqualTo(TERMINATED);
        assertThat(server.err().count(ENDED)).as(server::report).isEqualTo(1);
    }

    private RunningProcess start(Where where, String drainTimeout) {
        return processes.start(
                JavaCommand.main(StuckServer.class, where.name(), Integer.toString(FreePort.find()), drainTimeout));
    }

    private static ServerGeneration awaitStuck(RunningProcess server) {
        ServerGeneration first = server.awaitReady(1);
        server.out().await("STUCK pid=" + first.pid());
        return first;
    }
}
