// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import org.jspecify.annotations.Nullable;

/**
 * Sits right before a decoder and knows how much of what was read the decoder has consumed. Netty does not show that, but
 * a {@code ByteToMessageDecoder} that holds nothing decodes from the very buffer that it is given. So it is given one
 * buffer at a time: what it has left of the last one comes first in the next.
 */
public final class Inflow extends ChannelInboundHandlerAdapter implements OwnHandler {
    private static final String NAME = "graceful-netty/inflow/";

    private ChannelHandler decoder;
    private @Nullable ChannelHandlerContext decoding;
    private @Nullable ByteBuf current;
    private long reads;
    private boolean broken;

    Inflow(ChannelHandler decoder) {
        this.decoder = decoder;
    }

    /** Puts one right before a decoder that has read nothing. */
    public static Inflow before(ChannelPipeline pipeline, String decoder) {
        Inflow inflow = new Inflow(pipeline.get(decoder));
        pipeline.addBefore(decoder, NAME + decoder, inflow);
        return inflow;
    }

    /** Another decoder, behind this one with nothing between that reads, has taken the place of the first. */
    void moveTo(ChannelHandlerContext next) {
        decoder = next.handler();
        decoding = next;
    }

    /** Whether the decoder has consumed everything that was read so far. */
    public boolean isConsumed() {
        ByteBuf bytes = current;
        return !broken && (bytes == null || !bytes.isReadable());
    }

    /** Whether that is known. */
    boolean isWatching() {
        return !broken;
    }

    /** Whether its decoder is still in the pipeline, and that is known. */
    boolean isInPlace() {
        ChannelHandlerContext behind = decoding;
        return !broken && behind != null && !behind.isRemoved();
    }

    /** How often something was read so far. */
    long reads() {
        return reads;
    }

    /** Whether it is this decoder that this one sits before, still. */
    public boolean watches(ChannelHandler handler) {
        return handler == decoder && !broken;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        decoding = context.pipeline().context(decoder);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        reads++;
        if (broken || !(message instanceof ByteBuf bytes) || !bytes.isContiguous()) {
            giveUp();
            context.fireChannelRead(message);
            return;
        }
        ByteBuf all = append(context, bytes);
        current = all.retain();
        context.fireChannelRead(all);
        if (!all.isReadable()) {
            forget();
        }
    }

    /** What the decoder has left, and {@code bytes}. */
    private ByteBuf append(ChannelHandlerContext context, ByteBuf bytes) {
        ByteBuf left = current;
        ChannelHandlerContext decoderContext = decoding;
        if (left == null) {
            return bytes;
        }
        try {
            // A decoder that was removed has passed on what it had left.
            if (decoderContext == null || decoderContext.isRemoved() || !left.isReadable()) {
                return bytes;
            }
            if (isOnlyOursAndTheDecoders(left, bytes)) {
                left.discardSomeReadBytes().writeBytes(bytes); // a long message is not copied again with each read
                bytes.release();
                return left.retain();
            }
            ByteBuf all = context.alloc().buffer(left.readableBytes() + bytes.readableBytes());
            all.writeBytes(left).writeBytes(bytes); // the first write empties what the decoder holds
            bytes.release();
            return all;
        } finally {
            forget();
        }
    }

    /** Whether it can grow where it is: nobody has a part of it. */
    private static boolean isOnlyOursAndTheDecoders(ByteBuf left, ByteBuf bytes) {
        return left.refCnt() == 2 && !left.isReadOnly() && left.maxWritableBytes() >= bytes.readableBytes();
    }

    private void giveUp() {
        broken = true;
        forget();
    }

    private void forget() {
        ByteBuf bytes = current;
        current = null;
        if (bytes != null) {
            bytes.release();
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        giveUp();
    }
}
