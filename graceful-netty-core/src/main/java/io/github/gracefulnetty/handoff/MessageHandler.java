// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageCodec;
import java.util.List;

/** Frames and messages on a byte connection. A violation fires an exception and ends reading for good. */
public final class MessageHandler extends ByteToMessageCodec<Message> {
    private boolean broken;

    public MessageHandler() {
        super(Message.class);
    }

    /** Unpooled: the first pooled buffer of a process would cost it tens of milliseconds, in the middle of a handoff. */
    @Override
    public void handlerAdded(ChannelHandlerContext context) throws Exception {
        context.channel().config().setAllocator(UnpooledByteBufAllocator.DEFAULT);
        super.handlerAdded(context);
    }

    @Override
    protected void encode(ChannelHandlerContext context, Message message, ByteBuf out) {
        MessageCodec.encode(message, out);
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (broken) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (in.readableBytes() < Integer.BYTES) {
            return;
        }
        try {
            long length = in.getUnsignedInt(in.readerIndex());
            if (length > MessageCodec.MAX_FRAME) {
                throw new ProtocolException(
                        "a frame of " + length + " bytes, at most " + MessageCodec.MAX_FRAME + " are allowed");
            }
            if (in.readableBytes() - Integer.BYTES >= length) {
                in.skipBytes(Integer.BYTES);
                out.add(MessageCodec.decode(in.readSlice((int) length)));
            }
        } catch (ProtocolException e) {
            broken = true;
            throw e;
        }
    }
}
