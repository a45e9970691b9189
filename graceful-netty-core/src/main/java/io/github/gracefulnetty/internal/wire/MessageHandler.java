// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.PromiseNotifier;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Frames and messages on a byte connection. Whatever goes wrong while a message is read fires an exception and ends reading
 * for good; whatever goes wrong while one is written fires one, too, and only that message is not sent. An error that the
 * channel itself ends with when it sends them is fired as well, once.
 *
 * <p>The first handler of its connection. Messages may be written to the channel, as usual, or to this handler itself, which
 * saves the way through the pipeline: whoever moves thousands of connections in a JVM that may be young does that.
 *
 * <p>Does itself what {@code ByteToMessageCodec} would do, and its connection uses unpooled buffers: both are about how
 * much has to be loaded and initialised before the first message can be sent, while somebody waits for an upgrade.
 */
public final class MessageHandler extends ChannelDuplexHandler {
    /** The channel has to know of more than this, in bytes, to tell when it is not writable. */
    private static final int MAX_UNFLUSHED = 1 << 13;

    private static final int UNFLUSHED_CAPACITY = 1 << 10;

    /** A chain of causes may be a ring. */
    private static final int MOST_CAUSES = 32;

    private @Nullable ChannelHandlerContext context;
    private @Nullable ByteBuf received;
    private boolean broken;
    private boolean failedToSend;

    // Frames that were not flushed yet: one buffer for all of them, as each direct buffer costs more than its frame.
    private @Nullable ByteBuf unflushed;
    private @Nullable ChannelPromise unflushedPromise;

    // Whether the channel has been given anything since the last flush.
    private boolean passed;

    /**
     * The one of a byte connection.
     *
     * @throws IllegalStateException if it has none
     */
    public static MessageHandler of(Channel bytes) {
        MessageHandler handler = bytes.pipeline().get(MessageHandler.class);
        if (handler == null) {
            throw new IllegalStateException("no messages are spoken on " + bytes);
        }
        return handler;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        this.context = context;
        context.channel()
                .config()
                .setAllocator(UnpooledByteBufAllocator.DEFAULT)
                // Who has hung up has said why before: that is still to be read when a write to it fails.
                .setAutoClose(false);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        release();
        drop();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        release();
        drop();
        context.fireChannelInactive();
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof Message ours) {
            write(context, ours, promise);
        } else {
            passed = true;
            context.write(message, promise);
        }
    }

    /** Like a write to the channel, of which nobody is told what became of it. On the event loop. */
    public void write(Message message) {
        ChannelHandlerContext here = context;
        if (here != null && !here.isRemoved()) {
            assert here.executor().inEventLoop();
            write(here, message, here.voidPromise());
        }
    }

    private void write(ChannelHandlerContext context, Message ours, ChannelPromise promise) {
        ByteBuf frames = unflushed;
        int start = frames == null ? 0 : frames.writerIndex();
        try {
            if (frames == null) {
                frames = context.alloc().directBuffer(UNFLUSHED_CAPACITY);
                unflushed = frames;
            }
            MessageCodec.encode(ours, frames);
            ChannelPromise first = unflushedPromise;
            if (first == null) {
                unflushedPromise = promise.isVoid() ? context.newPromise() : promise;
            } else if (!promise.isVoid()) {
                first.addListener(new PromiseNotifier<>(promise));
            }
        } catch (Throwable t) {
            if (frames != null) {
                frames.writerIndex(start); // those before it are sent
            }
            if (!promise.isVoid()) {
                promise.tryFailure(t);
            }
            // What follows would be understood without this message. Nothing follows an Abort, and who is told that it
            // has
            // failed would say another one.
            if (!(ours instanceof Message.Abort)) {
                context.fireExceptionCaught(t);
            }
            return;
        }
        if (frames.readableBytes() > MAX_UNFLUSHED) {
            pass(context);
        }
    }

    @Override
    public void flush(ChannelHandlerContext context) {
        pass(context);
        if (passed) {
            passed = false;
            context.channel().unsafe().flush();
        }
    }

    /** Like a flush of the channel. On the event loop. */
    public void flush() {
        ChannelHandlerContext here = context;
        if (here != null && !here.isRemoved()) {
            flush(here);
        }
    }

    private void pass(ChannelHandlerContext context) {
        ByteBuf frames = unflushed;
        ChannelPromise promise = unflushedPromise;
        if (frames != null && promise != null) {
            unflushed = null;
            unflushedPromise = null;
            passed = true;
            promise.addListener(new Sent(context));
            context.channel().unsafe().write(frames, promise); // there is no handler before this one
        }
    }

    /** A class, as a lambda would be made with the first message: there may be no room for one. */
    private final class Sent implements ChannelFutureListener {
        private final ChannelHandlerContext context;

        Sent(ChannelHandlerContext context) {
            this.context = context;
        }

        @Override
        public void operationComplete(ChannelFuture written) {
            fireFailure(context, written.cause());
        }
    }

    /** The channel closes when a write fails, and tells nobody why: that the other side has hung up is seen without. */
    private void fireFailure(ChannelHandlerContext context, @Nullable Throwable failure) {
        Throwable behind = failure == null ? null : ourFault(failure);
        if (behind != null && !failedToSend) {
            failedToSend = true;
            context.fireExceptionCaught(behind);
        }
    }

    /** What is no failure of the connection, but may be what has closed it; {@code null} if there is nothing like that. */
    private static @Nullable Throwable ourFault(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; cause != null && i < MOST_CAUSES; i++) {
            if (!(cause instanceof IOException)) {
                return cause;
            }
            cause = cause.getCause();
        }
        return null;
    }

    /** Nobody will flush any more. */
    private void drop() {
        ByteBuf frames = unflushed;
        ChannelPromise promise = unflushedPromise;
        unflushed = null;
        unflushedPromise = null;
        if (frames != null) {
            frames.release();
        }
        if (promise != null) {
            promise.tryFailure(new ClosedChannelException());
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!(message instanceof ByteBuf bytes)) {
            context.fireChannelRead(message);
            return;
        }
        if (broken) {
            bytes.release();
            return;
        }
        try {
            ByteBuf before = received;
            ByteBuf all = before == null ? bytes : append(before, bytes);
            received = all;
            // Whoever gets a message may remove this handler: then nothing is left to be read.
            while (received != null) {
                Message next = next(all);
                if (next == null) {
                    break;
                }
                context.fireChannelRead(next);
            }
            if (!all.isReadable()) {
                release();
            }
        } catch (Throwable t) {
            // An Error, too: where the next frame begins is not known any more.
            broken = true;
            release();
            context.fireExceptionCaught(t);
        }
    }

    private static ByteBuf append(ByteBuf before, ByteBuf bytes) {
        try {
            return before.discardReadBytes().writeBytes(bytes);
        } finally {
            bytes.release();
        }
    }

    private static @Nullable Message next(ByteBuf in) {
        if (in.readableBytes() < Integer.BYTES) {
            return null;
        }
        long length = in.getUnsignedInt(in.readerIndex());
        if (length > MessageCodec.MAX_FRAME) {
            throw new ProtocolException(
                    "a frame of " + length + " bytes, at most " + MessageCodec.MAX_FRAME + " are allowed");
        }
        if (in.readableBytes() - Integer.BYTES < length) {
            return null;
        }
        in.skipBytes(Integer.BYTES);
        return MessageCodec.decode(in.readSlice((int) length));
    }

    private void release() {
        ByteBuf bytes = received;
        received = null;
        if (bytes != null) {
            bytes.release();
        }
    }
}
