// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MessageHandlerTest {
    private final EmbeddedChannel channel = new EmbeddedChannel(new MessageHandler());

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    @Test
    void shouldWriteTheFramesOfOneFlushAsOneBuffer() {
        ChannelFuture first = channel.write(new Message.Withdrawn(1));
        ChannelFuture second = channel.write(new Message.Withdrawn(2));
        assertThat(channel.outboundMessages()).isEmpty();
        assertThat(first.isDone() || second.isDone()).isFalse();
        channel.flush();
        ByteBuf written = channel.readOutbound();
        assertThat(channel.outboundMessages()).isEmpty();
        assertThat(first.isSuccess() && second.isSuccess()).isTrue();
        channel.writeInbound(written);
        assertThat(channel.<Message>readInbound()).isEqualTo(new Message.Withdrawn(1));
        assertThat(channel.<Message>readInbound()).isEqualTo(new Message.Withdrawn(2));
    }

    @Test
    void shouldBeUnwritableWhenMuchWasWrittenAndNotFlushed() {
        Bytes piece = Bytes.of(new byte[MessageCodec.MAX_STATE_PIECE]);
        channel.write(new Message.State("s", true, piece));
        assertThat(channel.isWritable()).isFalse();
        channel.flush();
        assertThat(channel.isWritable()).isTrue();
    }

    @Test
    void shouldFailOnlyWhatCannotBeEncodedAndSaySo() {
        List<Throwable> caught = new ArrayList<>();
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                caught.add(cause);
            }
        });
        Bytes piece = Bytes.of(new byte[MessageCodec.MAX_STATE_PIECE + 1]);
        ChannelFuture tooLarge = channel.write(new Message.State("s", true, piece));
        ChannelFuture right = channel.write(new Message.Ready());
        ChannelFuture tooLargeAgain = channel.writeAndFlush(new Message.State("s", true, piece));
        assertThat(tooLarge.cause()).isInstanceOf(IllegalArgumentException.class);
        assertThat(tooLargeAgain.cause()).isInstanceOf(IllegalArgumentException.class);
        assertThat(caught).containsExactly(tooLarge.cause(), tooLargeAgain.cause());
        assertThat(right.isSuccess()).isTrue();
        channel.writeInbound(channel.<ByteBuf>readOutbound());
        assertThat(channel.<Message>readInbound()).isEqualTo(new Message.Ready());
    }

    @Test
    void shouldTellNobodyWhatBecameOfAVoidWrite() {
        List<Throwable> caught = new ArrayList<>();
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                caught.add(cause);
            }
        });
        channel.write(new Message.Withdrawn(1), channel.voidPromise());
        ChannelFuture asked = channel.write(new Message.Withdrawn(2));
        channel.write(new Message.Withdrawn(3), channel.voidPromise());
        Bytes tooLong = Bytes.of(new byte[MessageCodec.MAX_STATE_PIECE + 1]);
        channel.writeAndFlush(new Message.State("s", true, tooLong), channel.voidPromise());
        assertThat(asked.isSuccess()).isTrue();
        assertThat(caught).singleElement().isInstanceOf(IllegalArgumentException.class);
        channel.writeInbound(channel.<ByteBuf>readOutbound());
        assertThat(channel.inboundMessages())
                .containsExactly(new Message.Withdrawn(1), new Message.Withdrawn(2), new Message.Withdrawn(3));
        channel.write(new Message.Withdrawn(4), channel.voidPromise());
        channel.close();
        assertThat(caught).hasSize(1);
    }

    @Test
    void shouldSayInOrderWhatIsWrittenToItAndToTheChannel() {
        MessageHandler handler = MessageHandler.of(channel);
        channel.write(new Message.Withdrawn(1));
        handler.write(new Message.Withdrawn(2));
        channel.write(new Message.Withdrawn(3));
        assertThat(channel.outboundMessages()).isEmpty();
        handler.flush();
        channel.writeInbound(channel.<ByteBuf>readOutbound());
        assertThat(channel.inboundMessages())
                .containsExactly(new Message.Withdrawn(1), new Message.Withdrawn(2), new Message.Withdrawn(3));
    }

    @Test
    void shouldSayNothingWhenTheConnectionHasEnded() {
        MessageHandler handler = MessageHandler.of(channel);
        channel.close();
        handler.write(new Message.Ready());
        handler.flush();
        assertThat(channel.outboundMessages()).isEmpty();
        assertThatThrownBy(() -> MessageHandler.of(channel)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldFailWhatWasNotFlushedWhenTheConnectionEnds() {
        ChannelFuture first = channel.write(new Message.Ready());
        ChannelFuture second = channel.write(new Message.Serving(List.of()));
        channel.close();
        assertThat(first.cause()).isInstanceOf(ClosedChannelException.class);
        assertThat(second.cause()).isInstanceOf(ClosedChannelException.class);
        assertThat(channel.outboundMessages()).isEmpty();
    }

    @Test
    void shouldLeaveAloneWhatIsNoMessage() {
        ByteBuf bytes = Unpooled.copyInt(42);
        channel.writeOutbound(bytes);
        assertThat(channel.<ByteBuf>readOutbound()).isSameAs(bytes);
        bytes.release();
    }
}
