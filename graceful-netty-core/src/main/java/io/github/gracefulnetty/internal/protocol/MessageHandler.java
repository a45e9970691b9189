// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import org.jspecify.annotations.Nullable;

/**
 * Frames and messages on a byte connection. A violation fires an exception and ends reading for good; a message that
 * cannot be written fires one, too.
 *
 * <p>Does itself what {@code ByteToMessageCodec} would do, and its connection uses unpooled buffers: both are about how
 * much has to be loaded and initialised before the first message can be sent, while somebody waits for an upgrade.
 */
public final class MessageHandler extends ChannelDuplexHandler {
    private @Nullable ByteBuf received;
    private boolean broken;

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        context.channel()
                .config()
                .setAllocator(UnpooledByteBufAllocator.DEFAULT)
                // Who has hung up has said why before: that is still to be read when a write to it fails.
                .setAutoClose(false);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        release();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        release();
        context.fireChannelInactive();
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (!(message instanceof Message ours)) {
            context.write(message, promise);
            return;
        }
        ByteBuf frame = null;
        try {
            frame = context.alloc().directBuffer();
            MessageCodec.encode(ours, frame);
        } catch (RuntimeException | OutOfMemoryError e) {
            if (frame != null) {
                frame.release();
            }
            promise.setFailure(e);
            if (!(ours instanceof Message.Abort)) {
                context.fireExceptionCaught(e); // what follows would be understood without this message
            }
            return;
        }
        context.write(frame, promise);
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
        ByteBuf before = received;
        ByteBuf all = before == null ? bytes : append(before, bytes);
        received = all;
        try {
            while (!broken && received != null) {
                Message next = next(all);
                if (next == null) {
                    break;
                }
                context.fireChannelRead(next);
            }
        } catch (ProtocolException e) {
            broken = true;
            context.fireExceptionCaught(e);
        }
        if (broken || !all.isReadable()) {
            release();
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
