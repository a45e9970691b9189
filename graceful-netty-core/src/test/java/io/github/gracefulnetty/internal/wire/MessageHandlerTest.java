// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.Throwables;
import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.StandardProtocolFamily;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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
        Bytes piece = Bytes.of(new byte[Fields.MAX_STATE_PIECE]);
        channel.write(new Message.State("s", true, piece));
        assertThat(channel.isWritable()).isFalse();
        channel.flush();
        assertThat(channel.isWritable()).isTrue();
    }

    @Test
    void shouldFailOnlyWhatCannotBeEncodedAndSaySo() {
        List<Throwable> caught = catchAll();
        Bytes piece = Bytes.of(new byte[Fields.MAX_STATE_PIECE + 1]);
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
        List<Throwable> caught = catchAll();
        channel.write(new Message.Withdrawn(1), channel.voidPromise());
        ChannelFuture asked = channel.write(new Message.Withdrawn(2));
        channel.write(new Message.Withdrawn(3), channel.voidPromise());
        Bytes tooLong = Bytes.of(new byte[Fields.MAX_STATE_PIECE + 1]);
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

    /** What fails after half of the frame was written, and as nothing that is expected to fail. */
    private static Message.Descriptor failing(Throwable failure) {
        DomainSocketAddress address = new DomainSocketAddress("/x") {
            private static final long serialVersionUID = 1L;

            @Override
            public String path() {
                throw Throwables.thrown(failure);
            }
        };
        Description description =
                new Description(DescriptorKind.UNIX_LISTENER, StandardProtocolFamily.UNIX, "half", address, null, null);
        return new Message.Descriptor(0, description, Bytes.NONE);
    }

    static List<Throwable> unexpected() {
        return Throwables.unexpected();
    }

    @ParameterizedTest
    @MethodSource("unexpected")
    void shouldFailOnlyTheMessageWhoseEncodingThrows(Throwable failure) {
        List<Throwable> caught = catchAll();
        ChannelFuture before = channel.write(new Message.Withdrawn(1));
        ChannelFuture failed = channel.write(failing(failure));
        MessageHandler.of(channel).write(failing(failure));
        ChannelFuture after = channel.writeAndFlush(new Message.Withdrawn(2));
        assertThat(failed.cause()).isSameAs(failure);
        assertThat(caught).containsExactly(failure, failure);
        assertThat(before.isSuccess() && after.isSuccess()).isTrue();
        channel.writeInbound(channel.<ByteBuf>readOutbound());
        assertThat(channel.inboundMessages()).containsExactly(new Message.Withdrawn(1), new Message.Withdrawn(2));
    }

    /** The channel ends then, and the other side sees no more than that. */
    @ParameterizedTest
    @MethodSource("unexpected")
    void shouldFireOnceWhatTheChannelThrowsWhenItSends(Throwable failure) {
        EmbeddedChannel failing = sending(failure);
        List<Throwable> caught = catchAll(failing);
        ChannelFuture asked = failing.write(new Message.Withdrawn(1));
        MessageHandler.of(failing).write(new Message.Withdrawn(2));
        failing.flush();
        assertThat(asked.cause()).isNotNull();
        failing.writeAndFlush(new Message.Abort("because"));
        assertThat(caught).containsExactly(failure);
        failing.finishAndReleaseAll();
    }

    /** Who has hung up is noticed without. */
    @Test
    void shouldNotFireWhenTheConnectionFails() {
        EmbeddedChannel failing = sending(new IOException("Broken pipe"));
        List<Throwable> caught = catchAll(failing);
        ChannelFuture failed = failing.writeAndFlush(new Message.Withdrawn(1));
        assertThat(failed.cause()).isInstanceOf(IOException.class);
        assertThat(caught).isEmpty();
        failing.finishAndReleaseAll();
    }

    private static EmbeddedChannel sending(Throwable failure) {
        return new EmbeddedChannel(new MessageHandler()) {
            @Override
            protected void doWrite(ChannelOutboundBuffer in) {
                throw Throwables.thrown(failure);
            }
        };
    }

    /** The Abort that tells of a failed write could fail the same way, and so on. */
    @Test
    void shouldNotFireWhenNotEvenAnAbortCanBeWritten() {
        List<Throwable> caught = catchAll();
        OutOfMemoryError noMemory = new OutOfMemoryError("direct memory");
        channel.config().setAllocator((ByteBufAllocator) Proxy.newProxyInstance(
                ByteBufAllocator.class.getClassLoader(),
                new Class<?>[] {ByteBufAllocator.class},
                (proxy, method, arguments) -> {
                    throw noMemory;
                }));
        assertThat(channel.writeAndFlush(new Message.Abort("because")).cause()).isSameAs(noMemory);
        assertThat(caught).isEmpty();
        assertThat(channel.writeAndFlush(new Message.Ready()).cause()).isSameAs(noMemory);
        assertThat(caught).containsExactly(noMemory);
    }

    /** A frame that cannot be read, for no fault of its own. */
    private static final class Unreadable extends UnpooledHeapByteBuf {
        private final Error failure;

        Unreadable(Message message, Error failure) {
            super(UnpooledByteBufAllocator.DEFAULT, 64, 64);
            this.failure = failure;
            MessageCodec.encode(message, this);
        }

        @Override
        protected byte _getByte(int index) {
            throw failure;
        }
    }

    @Test
    void shouldNeverReadAgainAfterAnErrorAndReleaseWhatCame() {
        List<Throwable> caught = catchAll();
        NoClassDefFoundError failure = new NoClassDefFoundError("com/example/Gone");
        ByteBuf unreadable = new Unreadable(new Message.Ready(), failure);
        channel.writeInbound(unreadable);
        assertThat(caught).containsExactly(failure);
        assertThat(unreadable.refCnt()).isZero();
        assertThatNothingIsReadAnyMore();
    }

    @Test
    void shouldNeverReadAgainAndReleaseBothWhenThePartsOfAFrameCannotBePutTogether() {
        List<Throwable> caught = catchAll();
        ByteBuf first = Unpooled.wrappedBuffer(new byte[3]); // has no room for more
        ByteBuf second = Unpooled.wrappedBuffer(new byte[3]);
        channel.writeInbound(first);
        channel.writeInbound(second);
        assertThat(caught).singleElement().isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(first.refCnt()).isZero();
        assertThat(second.refCnt()).isZero();
        assertThatNothingIsReadAnyMore();
    }

    private void assertThatNothingIsReadAnyMore() {
        ByteBuf right = Unpooled.buffer();
        MessageCodec.encode(new Message.Ready(), right);
        channel.writeInbound(right);
        assertThat(right.refCnt()).isZero();
        assertThat(channel.inboundMessages()).isEmpty();
    }

    @Test
    void shouldReadNoMoreWhenWhoGetsAMessageRemovesIt() {
        List<Object> read = new ArrayList<>();
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                read.add(message);
                context.pipeline().remove(MessageHandler.class);
            }
        });
        ByteBuf both = Unpooled.buffer();
        MessageCodec.encode(new Message.Withdrawn(1), both);
        MessageCodec.encode(new Message.Withdrawn(2), both);
        channel.writeInbound(both);
        assertThat(read).containsExactly(new Message.Withdrawn(1));
        assertThat(both.refCnt()).isZero();
    }

    private List<Throwable> catchAll() {
        return catchAll(channel);
    }

    private static List<Throwable> catchAll(EmbeddedChannel of) {
        List<Throwable> caught = new ArrayList<>();
        of.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                caught.add(cause);
            }
        });
        return caught;
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
