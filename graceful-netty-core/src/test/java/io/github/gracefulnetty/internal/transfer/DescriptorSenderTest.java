// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.Throwables;
import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import io.github.gracefulnetty.internal.wire.ProtocolException;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DescriptorSenderTest {
    private final EmbeddedChannel bytes = new EmbeddedChannel(new MessageHandler());
    private final EmbeddedChannel receiver = new EmbeddedChannel(new MessageHandler());
    private final List<Integer> lane = new ArrayList<>();
    private int room = Integer.MAX_VALUE;
    private final List<String> ended = new ArrayList<>();
    private final DescriptorSender.Events events = new DescriptorSender.Events() {
        @Override
        public void sent() {
            ended.add("sent");
        }

        @Override
        public void failed(String reason) {
            ended.add(reason);
        }

        @Override
        public void laneLost(String reason) {
            ended.add("lane lost: " + reason);
        }
    };

    @Test
    void shouldSayThatNothingComes() {
        sender().add(items(0));
        assertThat(said()).containsExactly(new Message.Manifest(0));
        assertThat(ended).containsExactly("sent");
    }

    @Test
    void shouldAnnounceEachInOrderAndEndWhenAllAreAcknowledged() {
        DescriptorSender sender = sender();
        sender.add(items(3));
        assertThat(said())
                .containsExactly(
                        new Message.Manifest(3),
                        new Message.Descriptor(0, description(0), Bytes.NONE),
                        new Message.Descriptor(1, description(1), Bytes.NONE),
                        new Message.Descriptor(2, description(2), Bytes.NONE));
        assertThat(lane).containsExactly(1000, 1001, 1002);
        sender.received(new Message.Received(1));
        assertThat(sender.acknowledged()).isEqualTo(1);
        assertThat(ended).isEmpty();
        sender.received(new Message.Received(3));
        assertThat(ended).containsExactly("sent");
    }

    @Test
    void shouldNeverBeMoreThanAWindowAhead() {
        int count = 3 * MessageCodec.WINDOW;
        DescriptorSender sender = sender();
        sender.add(items(count));
        for (int acknowledged = 0; acknowledged < count; acknowledged++) {
            int ahead = Math.min(count, acknowledged + MessageCodec.WINDOW);
            assertThat(lane).hasSize(ahead);
            assertThat(ended).isEmpty();
            sender.received(new Message.Received(acknowledged + 1));
        }
        assertThat(lane).hasSize(count);
        assertThat(ended).containsExactly("sent");
    }

    @Test
    void shouldRejectAnAcknowledgementOfWhatWasNotSentOrWasAcknowledgedBefore() {
        DescriptorSender sender = sender();
        sender.add(items(2));
        for (int count : new int[] {0, -1, 3, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> sender.received(new Message.Received(count)))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessage("says that it has " + count + " descriptors, 2 were sent");
        }
        sender.received(new Message.Received(1));
        assertThatThrownBy(() -> sender.received(new Message.Received(1))).isInstanceOf(ProtocolException.class);
        assertThat(ended).isEmpty();
    }

    @Test
    void shouldSendWhatIsAddedLater() {
        DescriptorSender sender = sender();
        sender.add(items(1));
        sender.received(new Message.Received(1));
        sender.add(items(2));
        sender.received(new Message.Received(3));
        assertThat(ended).containsExactly("sent", "sent");
        assertThat(said().stream().filter(Message.Manifest.class::isInstance))
                .containsExactly(new Message.Manifest(1), new Message.Manifest(2));
        assertThat(lane).containsExactly(1000, 1000, 1001);
    }

    @Test
    void shouldWithdrawWhatIsClosedBeforeItsTurn() {
        List<DescriptorSender.Item> items = items(1);
        items.add(new Given(1, null));
        items.addAll(items(1));
        DescriptorSender sender = sender();
        sender.add(items);
        assertThat(said()).contains(new Message.Withdrawn(1));
        assertThat(lane).hasSize(2);
        sender.received(new Message.Received(3));
        assertThat(ended).containsExactly("sent");
    }

    @Test
    void shouldFailWhenOneIsClosedAtThisVeryMoment() {
        FileDescriptor closing = new FileDescriptor(1000) {
            @Override
            public boolean isOpen() {
                return lane.isEmpty();
            }
        };
        sender().add(List.of(new Given(0, closing)));
        assertThat(ended)
                .containsExactly("cannot send the descriptor of tcp 127.0.0.1:0: it was closed at this very moment");
        assertThat(said()).containsExactly(new Message.Manifest(1));
    }

    @Test
    void shouldWaitForRoomUntilSomethingHasArrived() {
        room = 2;
        DescriptorSender sender = sender();
        sender.add(items(3));
        assertThat(lane).hasSize(2);
        room = 3;
        sender.received(new Message.Received(1));
        assertThat(lane).hasSize(3);
        assertThat(ended).isEmpty();
    }

    @Test
    void shouldTryAgainWhileSomebodyElseTakesAllRoomAndFailInTheEnd() {
        room = 0;
        bytes.freezeTime();
        sender().add(items(1));
        for (int i = 0; i < 1000 && ended.isEmpty(); i++) {
            bytes.advanceTimeBy(10, TimeUnit.MILLISECONDS);
            bytes.runScheduledPendingTasks();
        }
        assertThat(ended)
                .containsExactly("cannot send the descriptor of tcp 127.0.0.1:0: the kernel takes no more: too many"
                        + " descriptors of this user are on their way (as many as one process may have open), see"
                        + " ulimit -n");
    }

    @Test
    void shouldFailWhenOneCannotBeSent() {
        room = -1;
        sender().add(items(1));
        assertThat(ended).containsExactly("cannot send the descriptor of tcp 127.0.0.1:0: broken pipe");
    }

    @Test
    void shouldTellALostLaneFromADescriptorThatCannotBeSent() {
        room = -2;
        DescriptorSender sender = sender();
        sender.add(items(2));
        assertThat(ended).containsExactly("lane lost: closed");
        assertThat(lane).isEmpty();
    }

    /** Throws where it is told to, and counts how often it was done with. */
    private static final class Failing implements DescriptorSender.Item {
        private final String where;
        private final Throwable failure;
        private int done;

        Failing(String where, Throwable failure) {
            this.where = where;
            this.failure = failure;
        }

        private void at(String here) {
            if (here.equals(where)) {
                throw Throwables.thrown(failure);
            }
        }

        @Override
        public Description description() {
            at("description");
            return DescriptorSenderTest.description(7);
        }

        @Override
        public Bytes metadata() {
            at("metadata");
            return Bytes.NONE;
        }

        @Override
        public FileDescriptor descriptor() {
            at("descriptor");
            return new FileDescriptor(1007);
        }

        @Override
        public void done() {
            done++;
            at("done");
        }
    }

    static List<Arguments> failures() {
        List<Arguments> failures = new ArrayList<>();
        for (String where : List.of("descriptor", "description", "metadata", "done")) {
            for (Throwable failure : Throwables.unexpected()) {
                failures.add(Arguments.of(where, failure));
            }
        }
        return failures;
    }

    @ParameterizedTest
    @MethodSource("failures")
    void shouldFailWhenWhatIsSentThrows(String where, Throwable failure) {
        Failing failing = new Failing(where, failure);
        DescriptorSender sender = sender();
        sender.add(List.of(failing, new Given(8, new FileDescriptor(1008))));
        String what = where.equals("description") ? "what cannot be described" : "tcp 127.0.0.1:7";
        assertThat(ended).containsExactly("cannot send the descriptor of " + what + ": " + Reasons.of(failure));
        assertThat(failing.done).isEqualTo(1);
        sender.sendMore();
        assertThat(lane).doesNotContain(1008);
        assertThat(ended).hasSize(1);
    }

    @Test
    void shouldFailWhenWhatIsSentThrowsWhileItIsTriedAgain() {
        room = 0;
        bytes.freezeTime();
        NoClassDefFoundError failure = new NoClassDefFoundError("com/example/Gone");
        FileDescriptor[] descriptor = {new FileDescriptor(1000)};
        sender().add(List.of(new DescriptorSender.Item() {
            @Override
            public Description description() {
                return DescriptorSenderTest.description(0);
            }

            @Override
            public Bytes metadata() {
                return Bytes.NONE;
            }

            @Override
            public FileDescriptor descriptor() {
                if (descriptor[0] == null) {
                    throw failure;
                }
                return descriptor[0];
            }
        }));
        assertThat(ended).isEmpty();
        descriptor[0] = null;
        bytes.advanceTimeBy(1, TimeUnit.SECONDS);
        bytes.runScheduledPendingTasks();
        assertThat(ended).containsExactly("cannot send the descriptor of tcp 127.0.0.1:0: " + Reasons.of(failure));
    }

    @Test
    void shouldSendNothingMoreOnceItIsClosed() {
        room = 0;
        bytes.freezeTime();
        DescriptorSender sender = sender();
        sender.add(items(1));
        sender.close();
        room = 1;
        bytes.advanceTimeBy(1, TimeUnit.SECONDS);
        bytes.runScheduledPendingTasks();
        assertThat(lane).isEmpty();
        assertThat(ended).isEmpty();
    }

    /** Everything that was said so far, as the receiver reads it. */
    private List<Message> said() {
        for (ByteBuf frames; (frames = bytes.readOutbound()) != null; ) {
            receiver.writeInbound(frames);
        }
        return receiver.inboundMessages().stream().map(Message.class::cast).toList();
    }

    private DescriptorSender sender() {
        return new DescriptorSender(bytes, this::send, events);
    }

    private boolean send(FileDescriptor descriptor) throws IOException {
        if (room == -2) {
            throw new DescriptorSender.LaneLost("closed");
        }
        if (room < 0) {
            throw new IOException("broken pipe");
        }
        return lane.size() < room && lane.add(descriptor.intValue());
    }

    private static List<DescriptorSender.Item> items(int count) {
        List<DescriptorSender.Item> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.add(new Given(i, new FileDescriptor(1000 + i)));
        }
        return items;
    }

    private static Description description(int port) {
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", port);
        return new Description(DescriptorKind.TCP_LISTENER, StandardProtocolFamily.INET, "", address, null, null);
    }

    private record Given(int port, @Nullable FileDescriptor descriptor) implements DescriptorSender.Item {
        @Override
        public Description description() {
            return DescriptorSenderTest.description(port);
        }

        @Override
        public Bytes metadata() {
            return Bytes.NONE;
        }
    }
}
