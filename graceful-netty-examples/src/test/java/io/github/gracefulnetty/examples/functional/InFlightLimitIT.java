// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * The kernel lets an ordinary user have as many descriptors on their way as one process may have open. Somebody else of
 * that user takes them all.
 */
@Tag("once")
class InFlightLimitIT {
    private static final int FEW = 300;
    private static final int MANY = 2_000;
    private static final int OFFERED = 100;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private HandoffProcesses handoff;
    private Unprivileged user;
    private List<String> open;

    @BeforeEach
    void startSender() throws Exception {
        Unprivileged.assumePossible();
        user = new Unprivileged(directory);
        handoff = new HandoffProcesses(processes, directory);
        handoff.sends(handoff.start(user, HandoffSender.class, FEW, "udp", Integer.toString(OFFERED), "4"));
        open = handoff.letSenderOffer();
    }

    private ControlledProcess startReceiver() throws Exception {
        return handoff.start(user, HandoffReceiver.class, MANY, "forget");
    }

    private ControlledProcess startHog() throws Exception {
        return handoff.start(user, InFlightHog.class, MANY, Integer.toString(2 * FEW));
    }

    private static void endReceiver(ControlledProcess receiver, List<String> nothing) throws Exception {
        receiver.begin("use");
        receiver.let("close");
        receiver.awaitDescriptors(nothing);
        receiver.end();
    }

    @Test
    void shouldTellBothSidesThatTheKernelTakesNoMoreAndServeTheNext() throws Exception {
        ControlledProcess receiver = startReceiver();
        List<String> nothing = receiver.descriptors();
        ControlledProcess hog = startHog();
        receiver.let("receive");
        String reason = "the kernel takes no more: too many descriptors of this user are on their way";
        assertThat(receiver.process().out().await("RECEIVED"))
                .startsWith("NOT RECEIVED after none: ")
                .contains(reason, "ulimit -n");
        assertThat(handoff.sender.process().out().await("SENT"))
                .startsWith("NOT SENT: ")
                .contains(reason);
        endReceiver(receiver, nothing);
        hog.end();
        ControlledProcess next = startReceiver();
        nothing = next.descriptors();
        next.let("receive");
        assertThat(next.process().out().lines()).contains("RECEIVED " + OFFERED + ", wrong: 0");
        endReceiver(next, nothing);
        handoff.endSender(open);
    }

    @Test
    void shouldSendAsSoonAsThereIsRoom() throws Exception {
        ControlledProcess receiver = startReceiver();
        List<String> nothing = receiver.descriptors();
        ControlledProcess hog = startHog();
        receiver.begin("receive");
        handoff.sender.process().out().await("OFFERED");
        hog.process().kill(); // faster than a word to it
        hog.process().awaitExit();
        receiver.process().out().await("DONE receive");
        assertThat(receiver.process().out().lines()).contains("RECEIVED " + OFFERED + ", wrong: 0");
        handoff.sender.process().out().await("SENT");
        endReceiver(receiver, nothing);
        handoff.endSender(open);
    }
}
