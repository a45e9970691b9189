// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.DescriptorGate;
import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.wire.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The receiver counts and verifies: what a sender says is not believed. Each side hears why, and nothing is left open. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class FalseSenderTest {
    @TempDir
    private Path directory;

    private Path path;
    private Udp udp;
    private final Kept kept = new Kept();

    @BeforeEach
    void open() throws Exception {
        path = directory.resolve("handoff.sock");
        udp = new Udp(3);
    }

    @AfterEach
    void close() {
        kept.close();
        udp.close();
    }

    private void assertFails(FalseSender.Script script, String reason) throws Exception {
        try (FalseSender sender = new FalseSender(path, script)) {
            assertThat(Outcomes.of(Receiver.from(path).receive(kept))).contains(reason);
            assertThat(sender.hearReason()).contains(reason);
        }
    }

    private void sendOneOf(int announced, Channel bytes, Channel lane) throws Exception {
        bytes.write(new Message.Manifest(announced));
        FalseSender.send(lane, udp.socket(0));
        bytes.writeAndFlush(FalseSender.announcement(0, udp.socket(0)));
    }

    @Test
    void shouldWaitForTheEndEvenIfEverythingIsHere() throws Exception {
        try (FalseSender sender = new FalseSender(path, (bytes, lane) -> sendOneOf(1, bytes, lane))) {
            var count = Receiver.from(path).receive(kept);
            assertThat(sender.hear(Message.Received.class).count()).isEqualTo(1);
            assertThat(count).isNotDone();
            count.cancel(true);
            assertThat(sender.hearReason()).isEqualTo("the receiver has cancelled");
            assertThat(kept.descriptors).hasSize(1);
        }
    }

    @Test
    void shouldRefuseAnEndThatComesEarly() throws Exception {
        assertFails(
                (bytes, lane) -> {
                    sendOneOf(3, bytes, lane);
                    bytes.writeAndFlush(new Message.End());
                },
                " of 3 descriptors are here");
        assertThat(kept.descriptors).hasSizeLessThan(2);
    }

    @Test
    void shouldRefuseAnEndThatComesBeforeAnything() throws Exception {
        assertFails(
                (bytes, lane) -> bytes.writeAndFlush(new Message.End()),
                "the sender said that this was all, but nothing was announced");
    }

    @Test
    void shouldNoticeThatLessIsSentThanAnnounced() throws Exception {
        try (FalseSender sender = new FalseSender(path, (bytes, lane) -> {
            sendOneOf(3, bytes, lane);
            bytes.close();
            lane.close();
        })) {
            assertThat(Outcomes.of(Receiver.from(path).receive(kept)))
                    .isEqualTo("the sender hung up: 1 of 3 descriptors are here");
            assertThat(sender).isNotNull();
        }
    }

    @Test
    void shouldGiveUpOnASenderThatStopsInTheMiddle() throws Exception {
        try (FalseSender sender = new FalseSender(path, (bytes, lane) -> sendOneOf(3, bytes, lane))) {
            String reason = "was silent for 300 ms";
            assertThat(Outcomes.of(
                            Receiver.from(path).patience(Duration.ofMillis(300)).receive(kept)))
                    .contains(reason);
            assertThat(sender.hearReason()).contains(reason);
        }
    }

    @Test
    void shouldRefuseMoreThanWasAnnounced() throws Exception {
        assertFails(
                (bytes, lane) -> {
                    sendOneOf(1, bytes, lane);
                    bytes.writeAndFlush(FalseSender.announcement(1, udp.socket(1)));
                },
                "announced descriptor 1 where 1 of 1 was due");
    }

    @Test
    void shouldRefuseAnnouncementsInAnotherOrder() throws Exception {
        assertFails(
                (bytes, lane) -> {
                    bytes.write(new Message.Manifest(2));
                    FalseSender.send(lane, udp.socket(1));
                    bytes.writeAndFlush(FalseSender.announcement(1, udp.socket(1)));
                },
                "announced descriptor 1 where 0 of 2 was due");
    }

    @Test
    void shouldRefuseADescriptorThatIsNotTheAnnouncedOne() throws Exception {
        assertFails(
                (bytes, lane) -> {
                    bytes.write(new Message.Manifest(1));
                    FalseSender.send(lane, udp.socket(1));
                    bytes.writeAndFlush(FalseSender.announcement(0, udp.socket(0)));
                },
                "but it is bound to 127.0.0.1:" + udp.port(1));
        assertThat(kept.descriptors).isEmpty();
    }

    @Test
    void shouldRefuseMetadataThatIsTooLong() throws Exception {
        assertFails(
                (bytes, lane) -> {
                    bytes.write(new Message.Manifest(1));
                    FalseSender.send(lane, udp.socket(0));
                    bytes.writeAndFlush(withOneByteTooMuch());
                },
                "65537 bytes, at most 65536 are allowed");
    }

    private ByteBuf withOneByteTooMuch() {
        Message.Descriptor most = new Message.Descriptor(
                0, FalseSender.announcement(0, udp.socket(0)).description(), Bytes.of(new byte[65_536]));
        ByteBuf frame = Unpooled.copiedBuffer(RawReceiver.bytes(most), new byte[1]);
        frame.setInt(0, frame.readableBytes() - Integer.BYTES);
        frame.setInt(frame.readableBytes() - 65_537 - Integer.BYTES, 65_537);
        return frame;
    }

    @Test
    void shouldRefuseNoise() throws Exception {
        assertFails(
                (bytes, lane) -> bytes.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {'S', 'S', 'H', '-', '2'})),
                "a frame of 1397966893 bytes, at most 1048576 are allowed");
    }

    @Test
    void shouldRefuseWhatASuccessorWouldBeTold() throws Exception {
        assertFails(
                (bytes, lane) -> {
                    sendOneOf(1, bytes, lane);
                    bytes.writeAndFlush(new Message.Commit(0));
                },
                "said Commit when that was not due");
    }

    @Test
    void shouldTellWhatTheSenderSaysAtLast() throws Exception {
        try (FalseSender sender = new FalseSender(path, (bytes, lane) -> {
            sendOneOf(3, bytes, lane);
            bytes.writeAndFlush(new Message.Abort("the disk is full"));
        })) {
            assertThat(Outcomes.of(Receiver.from(path).receive(kept)))
                    .isEqualTo("the predecessor (pid " + ProcessHandle.current().pid() + ") says: the disk is full");
            assertThat(sender).isNotNull();
        }
    }
}
