// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.transport.SocketKind;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DescriptorSenderTest {
    private final EmbeddedChannel bytes = new EmbeddedChannel();
    private final EmbeddedChannel lane = new EmbeddedChannel();
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
    };

    @Test
    void shouldSayThatNothingComes() {
        sender(items(0)).start();
        assertThat(bytes.<Message>readOutbound()).isEqualTo(new Message.Manifest(0));
        assertThat(ended).containsExactly("sent");
    }

    @Test
    void shouldAnnounceEachInOrderAndEndWhenAllAreAcknowledged() {
        DescriptorSender sender = sender(items(3));
        sender.start();
        assertThat(bytes.<Message>readOutbound()).isEqualTo(new Message.Manifest(3));
        for (int i = 0; i < 3; i++) {
            assertThat(bytes.<Message>readOutbound()).isEqualTo(new Message.Descriptor(i, description(i)));
            assertThat(lane.<FileDescriptor>readOutbound().intValue()).isEqualTo(1000 + i);
        }
        sender.received(new Message.Received(1));
        assertThat(sender.acknowledged()).isEqualTo(1);
        assertThat(ended).isEmpty();
        sender.received(new Message.Received(3));
        assertThat(ended).containsExactly("sent");
    }

    @Test
    void shouldNeverBeMoreThanAWindowAhead() {
        int count = 3 * MessageCodec.WINDOW;
        DescriptorSender sender = sender(items(count));
        sender.start();
        for (int acknowledged = 0; acknowledged < count; acknowledged++) {
            int ahead = Math.min(count, acknowledged + MessageCodec.WINDOW);
            assertThat(lane.outboundMessages()).hasSize(ahead);
            assertThat(ended).isEmpty();
            sender.received(new Message.Received(acknowledged + 1));
        }
        assertThat(lane.outboundMessages()).hasSize(count);
        assertThat(ended).containsExactly("sent");
    }

    @Test
    void shouldRejectAnAcknowledgementOfWhatWasNotSentOrWasAcknowledgedBefore() {
        DescriptorSender sender = sender(items(2));
        sender.start();
        for (int count : new int[] {0, -1, 3, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> sender.received(new Message.Received(count)))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessage("says that it has " + count + " listeners, 2 were sent");
        }
        sender.received(new Message.Received(1));
        assertThatThrownBy(() -> sender.received(new Message.Received(1))).isInstanceOf(ProtocolException.class);
        assertThat(ended).isEmpty();
    }

    @Test
    void shouldFailWhenOneIsClosedBeforeItsTurn() {
        List<DescriptorSender.Item> items = items(1);
        items.add(new Given(1, null));
        sender(items).start();
        assertThat(ended).containsExactly("tcp 127.0.0.1:1 was closed while the listeners were sent");
        assertThat(lane.outboundMessages()).hasSize(1);
    }

    @Test
    void shouldFailWhenOneCannotBeSent() {
        lane.pipeline().addLast(new ChannelOutboundHandlerAdapter() {
            @Override
            public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
                promise.setFailure(new IOException("too many references"));
            }
        });
        sender(items(1)).start();
        assertThat(ended)
                .containsExactly(
                        "cannot send the descriptor of tcp 127.0.0.1:0: java.io.IOException: too many references");
    }

    private DescriptorSender sender(List<DescriptorSender.Item> items) {
        return new DescriptorSender(bytes, lane, items, events);
    }

    private static List<DescriptorSender.Item> items(int count) {
        List<DescriptorSender.Item> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.add(new Given(i, new FileDescriptor(1000 + i)));
        }
        return items;
    }

    private static ListenerDescription description(int port) {
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", port);
        return new ListenerDescription(SocketKind.TCP, "", address, address, false);
    }

    private record Given(int port, @Nullable FileDescriptor descriptor) implements DescriptorSender.Item {
        @Override
        public ListenerDescription description() {
            return DescriptorSenderTest.description(port);
        }
    }
}
