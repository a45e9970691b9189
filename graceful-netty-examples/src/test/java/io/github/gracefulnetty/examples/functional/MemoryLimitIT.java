// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** One side runs out of memory in the middle: both hear so, nothing stays open, and the sender serves the next receiver. */
@Tag("once")
class MemoryLimitIT {
    private static final int MOST_METADATA = 65_536;
    private static final int OFFERED = 1_000;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    /** What they do not read must not pile up in the sender: it may have less than one window for each of them. */
    @Test
    void shouldServeAReceiverWhileMoreThanTheSendersMemoryWaitsForOthersThatDoNotRead() throws Exception {
        HandoffProcesses handoff = new HandoffProcesses(processes, directory);
        handoff.startSender(
                JavaCommand.main(HandoffSender.class).jvm("-XX:MaxDirectMemorySize=16m"),
                "udp",
                Integer.toString(OFFERED),
                Integer.toString(MOST_METADATA));
        List<String> open = handoff.letSenderOffer();
        List<SilentReceiver> silent = new ArrayList<>();
        try {
            for (int i = 0; i < 20; i++) {
                silent.add(new SilentReceiver(handoff.path()));
                int number = i + 1;
                Await.until(
                        "an offer to each", () -> handoff.sender.process().out().count("OFFERED") == number);
            }
            ControlledProcess next = handoff.startReceiver(
                    JavaCommand.main(HandoffReceiver.class).jvm("-Xmx512m"), "keep");
            next.let("receive");
            assertThat(next.process().out().lines()).anyMatch(line -> line.startsWith("RECEIVED " + OFFERED));
            next.begin("use");
            next.let("close");
            next.end();
        } finally {
            for (SilentReceiver receiver : silent) {
                receiver.close();
            }
        }
        handoff.endSender(open);
    }

    /** A thousand times 64 KiB are twice as much as it may have. */
    @Test
    void shouldTellBothSidesThatTheReceiverIsOutOfMemory() throws Exception {
        HandoffProcesses handoff = new HandoffProcesses(processes, directory);
        handoff.startSender("udp", OFFERED, MOST_METADATA);
        List<String> open = handoff.letSenderOffer();
        ControlledProcess receiver =
                handoff.startReceiver(JavaCommand.main(HandoffReceiver.class).jvm("-Xmx32m"), "keep");
        List<String> nothing = receiver.descriptors();
        receiver.let("receive");
        assertThat(receiver.process().out().await("RECEIVED"))
                .startsWith("NOT RECEIVED after some: ")
                .contains("java.lang.OutOfMemoryError: Java heap space");
        assertThat(handoff.sender.process().out().await("SENT"))
                .startsWith("NOT SENT: ")
                .contains("java.lang.OutOfMemoryError: Java heap space");
        receiver.awaitDescriptors(nothing);
        receiver.begin("use");
        receiver.let("close");
        receiver.end();
        ControlledProcess next =
                handoff.startReceiver(JavaCommand.main(HandoffReceiver.class).jvm("-Xmx512m"), "keep");
        next.let("receive");
        assertThat(next.process().out().lines()).anyMatch(line -> line.startsWith("RECEIVED " + OFFERED));
        next.begin("use");
        next.let("close");
        next.end();
        handoff.endSender(open);
    }
}
