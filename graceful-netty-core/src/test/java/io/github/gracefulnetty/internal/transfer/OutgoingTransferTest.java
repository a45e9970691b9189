// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.LogLines;
import io.github.gracefulnetty.Throwables;
import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is thrown into a transfer ends this transfer: its user hears why, the receiver, too, and nothing stays open. */
class OutgoingTransferTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final EmbeddedChannel bytes = new EmbeddedChannel(new MessageHandler()) {
        @Override
        protected void doWrite(ChannelOutboundBuffer in) throws Exception {
            fail("write");
            super.doWrite(in);
        }
    };
    private final EmbeddedChannel lane = new EmbeddedChannel();
    private final EmbeddedChannel receiver = new EmbeddedChannel(new MessageHandler());
    private final Map<String, Throwable> failing = new LinkedHashMap<>();
    private final List<String> happened = new ArrayList<>();
    private final List<Stream> streams = new ArrayList<>();
    private final OutgoingTransfer.Events events = new OutgoingTransfer.Events() {
        @Override
        public void sent() {
            happen("sent");
        }

        @Override
        public boolean said(Message message) {
            happen("said");
            return true;
        }

        @Override
        public void failed(String reason) {
            happened.add("failed: " + reason);
            fail("failed");
        }

        @Override
        public void hungUp() {
            happen("hung up");
        }
    };
    private OutgoingTransfer transfer = transfer(PATIENCE);

    private OutgoingTransfer transfer(Duration patience) {
        return new OutgoingTransfer(ControlLoop.on(bytes.eventLoop()), bytes, "the receiver", patience, events);
    }

    private void happen(String what) {
        happened.add(what);
        fail(what);
    }

    private void fail(String where) {
        Throwable failure = failing.get(where);
        if (failure != null) {
            throw Throwables.thrown(failure);
        }
    }

    /** One byte, or what fails. */
    private final class Stream extends InputStream {
        private boolean read;
        private int closed;

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0];
        }

        @Override
        public int read(byte[] into, int offset, int most) {
            fail("read");
            boolean first = !read && most > 0;
            read = true;
            return first ? 1 : -1;
        }

        @Override
        public void close() {
            closed++;
            fail("close");
        }
    }

    private final class Item implements DescriptorSender.Item {
        @Override
        public Description description() {
            fail("description");
            return new Description(DescriptorKind.OTHER, null, "tty", null, null, null);
        }

        @Override
        public Bytes metadata() {
            return Bytes.NONE;
        }

        @Override
        public @Nullable FileDescriptor descriptor() {
            fail("descriptor");
            return null;
        }

        @Override
        public void done() {
            fail("done");
        }
    }

    private Map<String, InputStream> states(String... names) {
        Map<String, InputStream> states = new LinkedHashMap<>();
        for (String name : names) {
            Stream stream = new Stream();
            streams.add(stream);
            states.put(name, stream);
        }
        return states;
    }

    private void attach(Map<String, InputStream> states, DescriptorSender.Item... items) {
        transfer.attached(lane, new OutgoingTransfer.Contents(states, List.of(items)));
    }

    private List<Message> heard() {
        for (ByteBuf frames; (frames = bytes.readOutbound()) != null; ) {
            receiver.writeInbound(frames);
        }
        return receiver.inboundMessages().stream().map(Message.class::cast).toList();
    }

    private void hear(Message message) {
        receiver.writeOutbound(message);
        bytes.writeInbound(receiver.<ByteBuf>readOutbound());
    }

    private void assertEndedWith(String reason, String... before) {
        bytes.runPendingTasks();
        List<String> all = new ArrayList<>(List.of(before));
        all.add("failed: " + reason);
        // This channel, unlike others, says that it is closed before close() returns.
        assertThat(happened.stream().filter(what -> !what.equals("hung up"))).containsExactlyElementsOf(all);
        assertThat(heard()).endsWith(new Message.Abort(reason));
        assertNothingIsOpen();
    }

    private void assertNothingIsOpen() {
        assertThat(bytes.isOpen()).as("the byte connection").isFalse();
        assertThat(lane.isOpen()).as("the descriptor connection").isFalse();
        assertThat(streams)
                .allSatisfy(stream ->
                        assertThat(stream.closed).as("how often it was closed").isEqualTo(1));
    }

    static List<Throwable> unexpected() {
        return Throwables.unexpected();
    }

    @ParameterizedTest
    @MethodSource("unexpected")
    void shouldEndWhenItsUserThrowsAtTheNewsThatAllIsSent(Throwable failure) {
        failing.put("sent", failure);
        attach(Map.of());
        assertEndedWith("the conversation with the receiver failed: " + Reasons.of(failure), "sent");
    }

    @ParameterizedTest
    @MethodSource("unexpected")
    void shouldEndWhenItsUserThrowsAtTheNewsThatAllHasArrived(Throwable failure) {
        failing.put("sent", failure);
        attach(states("s"), new Item());
        hear(new Message.Received(1));
        assertEndedWith("the conversation with the receiver failed: " + Reasons.of(failure), "sent");
    }

    @ParameterizedTest
    @MethodSource("unexpected")
    void shouldEndWhenItsUserThrowsAtWhatWasSaid(Throwable failure) {
        failing.put("said", failure);
        attach(Map.of(), new Item());
        hear(new Message.Ready());
        assertEndedWith("the conversation with the receiver failed: " + Reasons.of(failure), "said");
    }

    @ParameterizedTest
    @MethodSource("unexpected")
    void shouldEndWhenItsUserThrowsAtWhatIsAddedLater(Throwable failure) {
        attach(Map.of());
        failing.put("sent", failure);
        transfer.add(List.of());
        assertEndedWith("the conversation with the receiver failed: " + Reasons.of(failure), "sent", "sent");
    }

    @ParameterizedTest
    @MethodSource("unexpected")
    void shouldTellItsUserThatItHasThrownAtTheEndOfTheConnection(Throwable failure) {
        failing.put("hung up", failure);
        attach(states("s"), new Item());
        bytes.close();
        bytes.runPendingTasks();
        assertThat(happened)
                .containsExactly(
                        "hung up", "failed: the conversation with the receiver failed: " + Reasons.of(failure));
        assertNothingIsOpen();
    }

    /** In an upgrade the connection goes on when the transfer is over. */
    @ParameterizedTest
    @MethodSource("unexpected")
    void shouldEndTheConnectionWhenItsUserThrowsAfterTheTransfer(Throwable failure) {
        attach(Map.of());
        transfer.close();
        failing.put("said", failure);
        hear(new Message.Alive(true));
        bytes.runPendingTasks();
        assertThat(happened)
                .containsExactly(
                        "sent",
                        "said",
                        "failed: the conversation with the receiver failed: " + Reasons.of(failure),
                        "hung up");
        assertNothingIsOpen();
    }

    @ParameterizedTest
    @MethodSource("unexpected")
    void shouldEndWhenItsUserDoesNotEvenWantToKnow(Throwable failure) {
        failing.put("failed", failure);
        attach(states("s"), new Item());
        hear(new Message.Received(2));
        assertEndedWith("the receiver: says that it has 2 descriptors, 1 were sent");
    }

    @ParameterizedTest
    @MethodSource("unexpected")
    void shouldEndWhenAStreamThrows(Throwable failure) {
        failing.put("read", failure);
        attach(states("a", "b"), new Item());
        assertEndedWith("cannot send the application state: " + Reasons.of(failure));
    }

    @ParameterizedTest
    @MethodSource("unexpected")
    void shouldCloseEachStreamEvenIfThatThrows(Throwable failure) {
        failing.put("close", failure);
        attach(states("a", "b", "c"), new Item());
        assertEndedWith("cannot send the application state: " + Reasons.of(failure));
    }

    @ParameterizedTest
    @MethodSource("unexpected")
    void shouldEndWhenWhatIsSentThrows(Throwable failure) {
        failing.put("descriptor", failure);
        attach(states("a"), new Item());
        assertEndedWith("cannot send the descriptor of descriptor (tty): " + Reasons.of(failure));
    }

    @ParameterizedTest
    @MethodSource("unexpected")
    void shouldEndWhenWhatIsSentCannotEvenBeDescribed(Throwable failure) {
        failing.put("done", failure);
        failing.put("description", new AssertionError("never"));
        attach(Map.of(), new Item());
        assertEndedWith("cannot send the descriptor of what cannot be described: " + Reasons.of(failure));
    }

    @Test
    void shouldEndWhenTheReceiverIsSilentAndItsUserThrowsAtThatNews() {
        bytes.pipeline().removeLast();
        transfer = transfer(Duration.ofMillis(50));
        failing.put("failed", new AssertionError("never"));
        attach(states("a"), new Item());
        await().pollInSameThread().until(() -> {
            bytes.runScheduledPendingTasks();
            return !happened.isEmpty();
        });
        String reason = happened.get(happened.size() - 1).substring("failed: ".length());
        assertThat(reason).startsWith("the receiver was silent for 50 ms: ");
        assertEndedWith(reason);
    }

    @Test
    void shouldCloseWhatComesTooLate() {
        transfer.abort("too late");
        attach(states("a", "b"), new Item());
        bytes.runPendingTasks();
        assertThat(happened).containsExactly("hung up");
        assertThat(heard()).containsExactly(new Message.Abort("too late"));
        assertNothingIsOpen();
    }

    @Test
    void shouldEndWhenAStateCannotBeWritten() throws IOException {
        attach(states("n".repeat(5_000)), new Item());
        assertEndedWith("the receiver: a string in a message has at most 4096 bytes, this one 5000");
        assertThat(heard()).noneMatch(Message.Manifest.class::isInstance);
    }

    /** The receiver cannot be told: its connection ends, as if this process had. */
    @Test
    void shouldSayWhyWhenTheConnectionCannotSend() {
        failing.put("write", new NoClassDefFoundError("com/example/Gone"));
        attach(states("a"), new Item());
        bytes.runPendingTasks();
        assertThat(happened)
                .contains("failed: the receiver: java.lang.NoClassDefFoundError: com/example/Gone")
                .doesNotHaveDuplicates();
        assertNothingIsOpen();
    }

    /** Its user may be past the point where a failure of the transfer means something. */
    @Test
    void shouldLogWhyWhenTheConnectionCannotSendAfterTheTransfer() {
        attach(Map.of());
        transfer.close();
        failing.put("write", new NoClassDefFoundError("com/example/Gone"));
        try (LogLines log = new LogLines()) {
            transfer.send(new Message.Confirmed());
            assertThat(log.lines())
                    .containsExactly("graceful-netty: the handoff connection to the receiver has failed: "
                            + "java.lang.NoClassDefFoundError: com/example/Gone");
        }
        bytes.runPendingTasks();
        assertNothingIsOpen();
    }
}
