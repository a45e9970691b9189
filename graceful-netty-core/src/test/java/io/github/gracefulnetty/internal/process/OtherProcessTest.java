// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.internal.process.OtherProcess.Fate;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is said of a process that cannot be asked: nothing that is not known. */
@Timeout(60)
class OtherProcessTest {
    private final ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void shutDown() {
        loop.shutdownNow();
    }

    private Fate fate(long pid) {
        CompletableFuture<Fate> fate = new CompletableFuture<>();
        OtherProcess.whenKnown(pid, loop, fate::complete);
        return fate.join();
    }

    @Test
    void shouldTellWhoLivesAndWhoIsDead() throws Exception {
        Process process = new ProcessBuilder("sleep", "60").start();
        assertThat(fate(process.pid())).isEqualTo(Fate.ALIVE);
        process.destroyForcibly().waitFor();
        assertThat(fate(process.pid())).isEqualTo(Fate.DEAD);
    }

    @Test
    void shouldNotTakeAProcessOfAnotherPidNamespaceForDeadNorForAlive() {
        assertThat(fate(0)).isEqualTo(Fate.UNKNOWN);
    }

    @Test
    void shouldTakeTheOtherEndInThisProcessForDead() {
        assertThat(fate(ProcessHandle.current().pid())).isEqualTo(Fate.DEAD);
    }

    @Test
    void shouldNotCallAProcessPidZero() {
        assertThat(OtherProcess.describe(17)).isEqualTo("pid 17");
        assertThat(OtherProcess.describe(0)).isEqualTo("a process of another pid namespace");
    }
}
