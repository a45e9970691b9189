// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The receiver may not have as many descriptors open as it is offered: both sides hear so, and nothing stays open. */
@Tag("once")
class DescriptorLimitIT {
    private static final int OFFERED = 500;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @BeforeEach
    void needPrlimit() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/prlimit")), "prlimit is missing: install util-linux");
    }

    @ParameterizedTest
    @CsvSource({"udp, 200", "listeners, 200", "listeners, 300"})
    void shouldTellBothSidesThatTheReceiverHasNoRoomAndServeTheNext(String kind, int limit) throws Exception {
        HandoffProcesses handoff = new HandoffProcesses(processes, directory);
        handoff.startSender(kind, OFFERED, Integer.BYTES);
        List<String> open = handoff.letSenderOffer();
        ControlledProcess small = handoff.startReceiver("forget", "prlimit", "--nofile=" + limit + ":" + limit);
        List<String> nothing = small.descriptors();
        small.let("receive");
        assertThat(small.process().out().await("RECEIVED"))
                .startsWith("NOT RECEIVED after some: ")
                .contains("ulimit -n");
        assertThat(handoff.sender.process().out().await("SENT"))
                .startsWith("NOT SENT: ")
                .contains("ulimit -n");
        small.awaitDescriptors(nothing);
        small.begin("use");
        small.let("close");
        small.end();
        ControlledProcess next = handoff.startReceiver("forget");
        next.let("receive");
        assertThat(next.process().out().lines()).contains("RECEIVED " + OFFERED + ", wrong: 0");
        next.begin("use");
        next.let("close");
        next.awaitDescriptors(next.descriptors());
        next.end();
        handoff.endSender(open);
    }
}
