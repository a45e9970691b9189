// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** One of the two processes is killed in the middle of a handoff: the other one hears of it and has nothing left of it. */
class KilledInTransferIT {
    private static final int MANY = 1000;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldGoOnServingWhenAReceiverIsKilledInTheMiddle() throws Exception {
        HandoffProcesses handoff = new HandoffProcesses(processes, directory);
        handoff.startSender("listeners", MANY, Integer.BYTES);
        List<String> offered = handoff.letSenderOffer();
        ControlledProcess killed = startAndPause(handoff);
        killed.process().kill();
        handoff.sender.process().out().await("NOT SENT");
        ControlledProcess next = handoff.startReceiver("forget");
        List<String> nothing = next.descriptors();
        next.let("receive");
        assertThat(next.process().out().lines()).contains("RECEIVED " + MANY + ", wrong: 0");
        next.let("use");
        next.let("close");
        next.awaitDescriptors(nothing);
        next.end();
        handoff.endSender(offered);
    }

    @Test
    void shouldSayWhatHappenedWhenTheSenderIsKilledInTheMiddle() throws Exception {
        HandoffProcesses handoff = new HandoffProcesses(processes, directory);
        handoff.startSender("listeners", MANY, Integer.BYTES);
        handoff.letSenderOffer();
        ControlledProcess receiver = handoff.startReceiver("pause");
        List<String> nothing = receiver.descriptors();
        receiver.begin("receive");
        receiver.process().out().await("DONE pause");
        handoff.sender.process().kill();
        handoff.sender.process().awaitExit();
        receiver.begin("go on");
        assertThat(receiver.process().out().await("NOT RECEIVED")).contains("after some", "hung up");
        receiver.process().out().await("DONE receive");
        receiver.let("use");
        receiver.let("close");
        receiver.awaitDescriptors(nothing);
        receiver.end();
    }

    private static ControlledProcess startAndPause(HandoffProcesses handoff) throws Exception {
        ControlledProcess receiver = handoff.startReceiver("pause");
        receiver.begin("receive");
        receiver.process().out().await("DONE pause");
        return receiver;
    }
}
