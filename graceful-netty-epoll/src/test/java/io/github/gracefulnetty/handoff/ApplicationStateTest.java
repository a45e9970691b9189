// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.DescriptorGate;
import io.github.gracefulnetty.internal.wire.Message;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Application state comes before the descriptors, up to the cap; its streams are closed, however the handoff ends. */
@ExtendWith(DescriptorGate.class)
@Timeout(90)
class ApplicationStateTest {
    private static final long CAP = 64 << 20;

    @TempDir
    private Path directory;

    private Path path;
    private Udp udp;
    private final Kept kept = new Kept();
    private final List<Numbers> streams = new ArrayList<>();

    @BeforeEach
    void open() throws Exception {
        path = directory.resolve("handoff.sock");
        udp = new Udp(2);
    }

    @AfterEach
    void close() {
        kept.close();
        udp.close();
        assertThat(streams)
                .allSatisfy(stream -> await().untilAsserted(() ->
                        assertThat(stream.closed).as("how often it was closed").isEqualTo(1)));
    }

    /** So many bytes, and then the end, or something worse. */
    private static final class Numbers extends InputStream {
        private final long length;
        private final Exception atEnd;
        private long position;
        private volatile int closed;

        Numbers(long length, Exception atEnd) {
            this.length = length;
            this.atEnd = atEnd;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int most) throws IOException {
            int count = (int) Math.min(most, length - position);
            for (int i = 0; i < count; i++) {
                into[offset + i] = (byte) ((position++ * 31) >> 3);
            }
            if (count > 0 || most == 0) {
                return count;
            }
            if (atEnd instanceof IOException failure) {
                throw failure;
            }
            if (atEnd instanceof RuntimeException failure) {
                throw failure;
            }
            return -1;
        }

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // on one event loop
        public void close() {
            closed++;
        }
    }

    private Numbers stream(long length) {
        return stream(length, new Exception("none"));
    }

    private Numbers stream(long length, Exception atEnd) {
        Numbers stream = new Numbers(length, atEnd);
        streams.add(stream);
        return stream;
    }

    private static long checksum(InputStream stream) throws IOException {
        CRC32 checksum = new CRC32();
        byte[] piece = new byte[1 << 16];
        for (int read; (read = stream.read(piece)) > 0; ) {
            checksum.update(piece, 0, read);
        }
        return checksum.getValue();
    }

    private static long checksum(byte[] bytes) {
        CRC32 checksum = new CRC32();
        checksum.update(bytes);
        return checksum.getValue();
    }

    /** The lengths and checksums of the states that come with one descriptor. */
    private Map<String, List<Long>> receive(Offerer offerer) throws Exception {
        Map<String, List<Long>> received = new LinkedHashMap<>();
        try (DescriptorServer server =
                DescriptorServer.listen(path, Offerer.sequence(offerer, Offerer.of(udp.offer(0))))) {
            int count = Receiver.from(server.path()).receiveBlocking(new DescriptorHandler() {
                @Override
                public void states(Map<String, byte[]> states) {
                    assertThat(kept.descriptors)
                            .as("descriptors before the states")
                            .isEmpty();
                    states.forEach((name, bytes) -> received.put(name, List.of((long) bytes.length, checksum(bytes))));
                }

                @Override
                public void received(ReceivedDescriptor descriptor, byte[] metadata) throws Exception {
                    kept.received(descriptor, metadata);
                }
            });
            assertThat(count).isEqualTo(1);
        }
        return received;
    }

    private void assertRefused(Receiver receiver, Offerer offerer, String reason) throws Exception {
        Outcomes outcomes = new Outcomes(offerer);
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes)) {
            assertThat(Outcomes.of(receiver.receive(kept))).contains(reason);
            assertThat(outcomes.next()).contains(reason);
            assertThat(server.path()).exists();
            assertThat(kept.events).isEmpty();
        }
    }

    @Test
    void shouldPassStatesInOrderBeforeTheFirstDescriptor() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(
                path,
                to -> to.add(udp.offer(0))
                        .state("b", "second letter".getBytes(UTF_8))
                        .add(udp.offer(1))
                        .state("", new byte[0])
                        .state("ä", "3".getBytes(UTF_8)))) {
            assertThat(Receiver.from(server.path()).receiveBlocking(kept)).isEqualTo(2);
        }
        assertThat(kept.events).containsExactly("b=second letter", "=", "ä=3", "udp0", "udp1");
    }

    @Test
    void shouldPassStatesWithoutADescriptor() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, to -> to.state("only", "this".getBytes(UTF_8)))) {
            assertThat(Receiver.from(server.path()).receiveBlocking(kept)).isZero();
        }
        assertThat(kept.events).containsExactly("only=this");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 32_767, 32_768, 32_769, 1_000_000, CAP})
    void shouldPassAStreamOf(long length) throws Exception {
        assertThat(receive(to -> to.state("s", stream(length))))
                .containsExactly(Map.entry("s", List.of(length, checksum(new Numbers(length, new Exception("none"))))));
    }

    @Test
    void shouldPassSeveralStreamsThatReachTheCapTogether() throws Exception {
        Map<String, List<Long>> received = receive(to ->
                to.state("a", stream(CAP - 65_536)).state("b", stream(65_536)).state("c", stream(0)));
        assertThat(received.keySet()).containsExactly("a", "b", "c");
        assertThat(received.values()).extracting(state -> state.get(0)).containsExactly(CAP - 65_536, 65_536L, 0L);
    }

    @Test
    void shouldTellBothSidesOfOneByteTooMuch() throws Exception {
        assertRefused(
                Receiver.from(path),
                to -> to.state("a", stream(65_536))
                        .state("big", stream(CAP - 65_535))
                        .state("c", stream(1)),
                "the application state is larger than 67108864 bytes, at 'big'");
    }

    @Test
    void shouldPassWhatAReceiverJustAllows() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, to -> to.state("s", stream(100_000)))) {
            assertThat(Receiver.from(server.path()).maxApplicationState(100_000).receiveBlocking(kept))
                    .isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 99_999})
    void shouldTellBothSidesThatAReceiverAllowsLess(long allowed) throws Exception {
        assertRefused(
                Receiver.from(path).maxApplicationState(allowed),
                to -> to.state("s", stream(100_000)).state("later", stream(CAP / 2)),
                "the application state is larger than " + allowed + " bytes, at 's': allow more, or send less");
    }

    @Test
    void shouldTellBothSidesThatAStreamHasFailed() throws Exception {
        assertRefused(
                Receiver.from(path),
                to -> to.state("s", stream(1_000_000, new IOException("the disk is gone")))
                        .state("later", stream(1)),
                "cannot send the application state: the disk is gone");
        assertRefused(
                Receiver.from(path),
                to -> to.state("s", stream(10, new IllegalStateException("no such table"))),
                "cannot send the application state: no such table");
    }

    @Test
    void shouldCloseStreamsWhenTheOffererThrows() throws Exception {
        assertRefused(
                Receiver.from(path),
                to -> {
                    to.state("s", stream(10));
                    throw new IOException("changed its mind");
                },
                "the sender has nothing to offer: changed its mind");
    }

    @Test
    void shouldCloseStreamsWhenTheReceiverIsGone() throws Exception {
        Outcomes outcomes = new Outcomes(to -> to.state("s", stream(CAP)).state("later", stream(1)));
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes)) {
            RawReceiver receiver = RawReceiver.attached(server.path());
            receiver.hear(Message.State.class);
            receiver.close();
            assertThat(outcomes.next()).isEqualTo("the receiver hung up: the application state has not arrived there");
        }
    }

    @Test
    void shouldCloseStreamsWhenTheReceiverDoesNotRead() throws Exception {
        Outcomes outcomes = new Outcomes(to -> to.state("s", stream(CAP)).state("later", stream(1)));
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes, Duration.ofMillis(300));
                RawReceiver dead = RawReceiver.attached(server.path())) {
            assertThat(outcomes.next()).contains("was silent for 300 ms: the application state has not arrived there");
            await().until(dead::isLeft);
        }
    }

    @Test
    void shouldCloseStreamsWhenTheServerIsClosed() throws Exception {
        Outcomes outcomes = new Outcomes(to -> to.state("s", stream(CAP)));
        DescriptorServer server = DescriptorServer.listen(path, outcomes);
        try (RawReceiver receiver = RawReceiver.attached(server.path())) {
            receiver.hear(Message.State.class);
            server.close();
            assertThat(outcomes.next()).isEqualTo("the sender was closed");
        }
    }

    @Test
    void shouldRefuseTheSameNameTwiceAndTooManyNames() throws Exception {
        assertRefused(
                Receiver.from(path),
                to -> to.state("a", new byte[0]).state("a", new byte[0]),
                "there are two application states of the name 'a'");
        assertRefused(
                Receiver.from(path),
                to -> {
                    for (int i = 0; i <= 1024; i++) {
                        to.state("s" + i, new byte[0]);
                    }
                },
                "more than 1024 application states");
    }

    @Test
    void shouldPassTheLongestNameAndRefuseALongerOne() throws Exception {
        String longest = "n".repeat(4_096);
        assertThat(receive(to -> to.state(longest, stream(1)))).containsOnlyKeys(longest);
        kept.close();
        kept.events.clear();
        assertRefused(
                Receiver.from(path),
                to -> to.state("ok", stream(1)).state(longest + "n", new byte[1]),
                "4096 bytes, this one 4097");
    }

    @Test
    void shouldRefuseANegativeAllowance() {
        assertThatThrownBy(() -> Receiver.from(path).maxApplicationState(-1))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
