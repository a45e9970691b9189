// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.DescriptorGate;
import io.github.gracefulnetty.internal.wire.Message;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Receivers are served side by side, and none that is slow, dead or hostile holds up another one. */
@ExtendWith(DescriptorGate.class)
@Timeout(90)
class ManyReceiversTest {
    private static final int MOST_METADATA = 65_536;
    private static final int OFFERED = 200;

    @TempDir
    private Path directory;

    private Path path;
    private Udp udp;

    @BeforeEach
    void open() throws Exception {
        path = directory.resolve("handoff.sock");
        udp = new Udp(OFFERED);
    }

    @AfterEach
    void close() {
        udp.close();
    }

    /** What waits for it is more than the kernel takes: the server has to keep, and to drop, the rest. */
    @Test
    void shouldGiveUpAReceiverThatNeverReadsWhileOthersAreServed() throws Exception {
        Outcomes outcomes = new Outcomes(udp.all(MOST_METADATA));
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes, Duration.ofSeconds(3));
                RawReceiver dead = RawReceiver.attached(server.path())) {
            String outcome = serveThreeAndReturnTheOutcomeOfTheFirst(server, outcomes);
            assertThat(outcome)
                    .isEqualTo("receiver pid " + ProcessHandle.current().pid()
                            + " was silent for 3000 ms: 0 of 200 descriptors have arrived there");
            await().until(dead::isLeft);
        }
    }

    private String serveThreeAndReturnTheOutcomeOfTheFirst(DescriptorServer server, Outcomes outcomes)
            throws Exception {
        CompletableFuture<String> dead = CompletableFuture.supplyAsync(() -> {
            try {
                return outcomes.next();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        for (int i = 0; i < 3; i++) {
            try (Kept kept = new Kept()) {
                assertThat(Receiver.from(server.path()).receiveBlocking(kept)).isEqualTo(OFFERED);
            }
        }
        return dead.join();
    }

    @Test
    void shouldGiveUpAReceiverThatNeverOpensItsDescriptorConnection() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, udp.all(), Duration.ofMillis(300));
                RawReceiver half = RawReceiver.welcomed(server.path())) {
            assertThat(half.hearReason())
                    .contains("was silent for 300 ms: it has not opened its descriptor connection");
        }
    }

    @Test
    void shouldServeTheNextWhenOneIsGoneInTheMiddle() throws Exception {
        Outcomes outcomes = new Outcomes(udp.all());
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes)) {
            RawReceiver gone = RawReceiver.attached(server.path());
            gone.hear(Message.Manifest.class);
            gone.hear(Message.Descriptor.class);
            gone.say(new Message.Received(1));
            gone.close();
            assertThat(outcomes.next())
                    .startsWith("the receiver hung up: ")
                    .endsWith(" of 200 descriptors have arrived there");
            try (Kept kept = new Kept()) {
                assertThat(Receiver.from(server.path()).receiveBlocking(kept)).isEqualTo(OFFERED);
                assertThat(outcomes.next()).isEmpty();
            }
        }
    }

    @Test
    void shouldServeAsManyAsAreAllowedAndRefuseOneMore() throws Exception {
        List<RawReceiver> receivers = new ArrayList<>();
        try (DescriptorServer server = DescriptorServer.listen(path, udp.all())) {
            for (int i = 0; i < DescriptorServer.MAX_RECEIVERS; i++) {
                receivers.add(RawReceiver.welcomed(server.path()));
            }
            try (Kept kept = new Kept()) {
                assertThat(Outcomes.of(Receiver.from(server.path()).receive(kept)))
                        .contains("256 receivers are served already: try again");
                receivers.get(0).close();
                await().untilAsserted(
                                () -> assertThat(Receiver.from(server.path()).receiveBlocking(kept))
                                        .isEqualTo(OFFERED));
            }
        } finally {
            for (RawReceiver receiver : receivers) {
                receiver.close();
            }
        }
    }

    @Test
    void shouldServeManyThatComeAtTheSameMoment() throws Exception {
        List<CompletableFuture<Integer>> counts = new ArrayList<>();
        List<Kept> all = new ArrayList<>();
        try (DescriptorServer server = DescriptorServer.listen(path, Offerer.of(udp.offer(0), udp.offer(1)))) {
            for (int i = 0; i < 100; i++) {
                Kept kept = new Kept();
                all.add(kept);
                counts.add(Receiver.from(server.path()).receive(kept));
            }
            for (CompletableFuture<Integer> count : counts) {
                assertThat(Outcomes.of(count)).isEmpty();
            }
        } finally {
            all.forEach(Kept::close);
        }
    }

    @Test
    void shouldEndAHandoffWithWhoClaimsMoreThanWasSent() throws Exception {
        assertEnds(receiver -> receiver.say(new Message.Received(65)), "says that it has 65 descriptors, 64 were sent");
    }

    @Test
    void shouldEndAHandoffWithWhoTakesItsWordBack() throws Exception {
        assertEnds(
                receiver -> {
                    receiver.say(new Message.Received(2));
                    receiver.say(new Message.Received(1));
                },
                "says that it has 1 descriptors, ");
    }

    @Test
    void shouldEndAHandoffWithWhoSaysSomethingElse() throws Exception {
        assertEnds(receiver -> receiver.say(new Message.Ready()), "said Ready when that was not due");
    }

    @Test
    void shouldEndAHandoffWithWhoSpeaksOnTheDescriptorConnection() throws Exception {
        assertEnds(
                receiver -> receiver.sayOnLane(RawReceiver.bytes(new Message.Received(1))),
                "spoke on the descriptor connection");
    }

    @Test
    void shouldEndAHandoffWithWhoTalksNonsense() throws Exception {
        assertEnds(
                receiver -> receiver.say((byte) 'G', (byte) 'E', (byte) 'T', (byte) ' '),
                "a frame of 1195725856 bytes");
    }

    @Test
    void shouldRefuseASecondDescriptorConnection() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, udp.all());
                RawReceiver receiver = RawReceiver.attached(server.path());
                SocketChannel second = receiver.attach()) {
            assertThat(RawReceiver.hearReason(second)).isEqualTo("nobody waits for this descriptor connection");
            assertThat(receiver.hear(Message.Manifest.class).descriptors()).isEqualTo(OFFERED);
        }
    }

    private interface Deed {
        void doTo(RawReceiver receiver) throws Exception;
    }

    private void assertEnds(Deed deed, String reason) throws Exception {
        Outcomes outcomes = new Outcomes(udp.all());
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes)) {
            try (RawReceiver receiver = RawReceiver.attached(server.path())) {
                receiver.hear(Message.Manifest.class);
                deed.doTo(receiver);
                assertThat(receiver.hearReason()).contains(reason);
                assertThat(outcomes.next()).contains(reason);
            }
            try (Kept kept = new Kept()) {
                assertThat(Receiver.from(server.path()).receiveBlocking(kept)).isEqualTo(OFFERED);
            }
        }
    }
}
