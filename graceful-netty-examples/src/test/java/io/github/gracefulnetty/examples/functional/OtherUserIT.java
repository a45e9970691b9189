// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.handoff.DescriptorServer;
import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.handoff.Receiver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Descriptors are given to processes of one's own user, and taken from them, and from nobody else, not even by root. */
@Tag("once")
class OtherUserIT {
    private static final int DESCRIPTORS = 500;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private HandoffProcesses handoff;
    private Unprivileged user;

    @BeforeEach
    void open() throws Exception {
        Unprivileged.assumePossible();
        user = new Unprivileged(directory);
        handoff = new HandoffProcesses(processes, directory);
    }

    @Test
    void shouldNotTakeDescriptorsFromSomebodyElse() throws Exception {
        handoff.sends(handoff.start(user, HandoffSender.class, DESCRIPTORS, "udp", "3", "4"));
        var open = handoff.letSenderOffer();
        assertThatThrownBy(() ->
                        Receiver.from(handoff.path()).receiveBlocking((descriptor, metadata) -> descriptor.close()))
                .isInstanceOf(HandoffException.class)
                .hasMessageContaining("belongs to uid 65534, we are uid 0: refused");
        assertThatThrownBy(() -> DescriptorServer.listen(handoff.path(), to -> {}))
                .hasMessageContaining("belongs to uid 65534, we are uid 0: refused");
        assertThat(handoff.sender.process().out().lines()).noneMatch(line -> line.startsWith("OFFERED"));
        handoff.endSender(open);
    }

    @Test
    void shouldNotGiveDescriptorsToSomebodyElse() throws Exception {
        assertRefusesReceiver("rw-------", "Permission denied");
    }

    /** The permissions of the path are one lock, and the peer's user is another. */
    @Test
    void shouldNotGiveDescriptorsToSomebodyElseWhoMayConnect() throws Exception {
        assertRefusesReceiver("rw-rw-rw-", "belongs to uid 0, we are uid 65534: refused");
    }

    private void assertRefusesReceiver(String permissions, String reason) throws Exception {
        AtomicInteger asked = new AtomicInteger();
        try (DescriptorServer server = DescriptorServer.listen(handoff.path(), to -> asked.incrementAndGet())) {
            Files.setPosixFilePermissions(server.path(), PosixFilePermissions.fromString(permissions));
            ControlledProcess receiver = handoff.start(user, HandoffReceiver.class, DESCRIPTORS, "forget");
            receiver.let("receive");
            assertThat(receiver.process().out().await("RECEIVED"))
                    .startsWith("NOT RECEIVED after none: ")
                    .contains(reason);
            receiver.begin("use");
            receiver.let("close");
            receiver.end();
        }
        assertThat(asked).hasValue(0);
    }
}
