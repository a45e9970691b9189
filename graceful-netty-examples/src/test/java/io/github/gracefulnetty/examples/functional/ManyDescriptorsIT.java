// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ten thousand descriptors go from one JVM to another in one handoff: complete, in order, and usable when the first JVM
 * has ended. Each process has, after it, exactly the descriptors that it had before.
 */
@Tag("once")
class ManyDescriptorsIT {
    private static final int MANY = 10_000;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldPassTenThousandListenersCompleteAndInOrder() throws Exception {
        HandoffProcesses handoff = new HandoffProcesses(processes, directory);
        handoff.startSender("listeners", MANY, Integer.BYTES);
        handoff.sender.let("open");
        passAll(handoff, "tcp listener", "tcp6 listener");
    }

    @Test
    void shouldPassTenThousandConnectionsCompleteAndInOrder() throws Exception {
        HandoffProcesses handoff = new HandoffProcesses(processes, directory);
        handoff.startSender("connections", MANY, Integer.BYTES);
        handoff.sender.begin("open");
        int port = Integer.parseInt(
                handoff.sender.process().out().await("LISTENING").substring("LISTENING ".length()));
        List<SocketChannel> clients = new ArrayList<>();
        try {
            for (int i = 0; i < MANY; i++) {
                clients.add(SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
            }
            handoff.sender.process().out().await("DONE open");
            passAll(handoff, "tcp", "tcp6");
            for (SocketChannel client : clients) {
                ByteBuffer word = ByteBuffer.allocate(Integer.BYTES);
                while (word.hasRemaining()) {
                    assertThat(client.read(word)).isPositive();
                }
                assertThat(word.getInt(0)).isEqualTo(((InetSocketAddress) client.getLocalAddress()).getPort());
                assertThat(client.read(ByteBuffer.allocate(1)))
                        .as("then the end")
                        .isEqualTo(-1);
            }
        } finally {
            for (SocketChannel client : clients) {
                client.close();
            }
        }
    }

    private static void passAll(HandoffProcesses handoff, String... kinds) throws Exception {
        ControlledProcess sender = handoff.sender;
        List<String> offered = sender.descriptors();
        assertThat(offered).filteredOn(List.of(kinds)::contains).hasSize(MANY);
        sender.let("offer");
        ControlledProcess receiver = handoff.startReceiver("forget");
        List<String> nothing = receiver.descriptors();
        receiver.let("receive");
        assertThat(receiver.process().out().lines()).contains("RECEIVED " + MANY + ", wrong: 0");
        sender.process().out().await("SENT");
        receiver.awaitDescriptorsAndMore(nothing, MANY, List.of(kinds));
        sender.let("stop");
        sender.awaitDescriptors(offered);
        sender.let("close");
        sender.awaitDescriptors(handoff.senderBefore);
        sender.end();
        receiver.let("use");
        receiver.let("close");
        receiver.awaitDescriptors(nothing);
        receiver.end();
    }
}
