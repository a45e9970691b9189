// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.github.gracefulnetty.connection.DrainEvent;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPipeline;
import java.util.concurrent.TimeUnit;

/**
 * Ends a datagram channel that reads no more: closes it when every answer is on its way, unless a handler before keeps the
 * {@link DrainEvent} to itself and closes the channel when it has answered everything.
 */
final class DatagramDrain extends ChannelInboundHandlerAdapter implements OwnHandler {
    private static final int LOOK_AGAIN_MILLIS = 5;

    private DatagramDrain() {}

    static void begin(ChannelPipeline pipeline) {
        pipeline.addLast(new DatagramDrain());
        DrainNotice.fire(pipeline.channel());
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == DrainEvent.INSTANCE) {
            // After what handlers have put into the event loop's queue.
            context.executor().execute(() -> closeWhenFlushed(context));
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    private static void closeWhenFlushed(ChannelHandlerContext context) {
        context.channel().flush();
        ChannelOutboundBuffer pending = context.channel().unsafe().outboundBuffer();
        if (pending == null || pending.isEmpty()) {
            context.channel().close();
        } else {
            context.executor().schedule(() -> closeWhenFlushed(context), LOOK_AGAIN_MILLIS, TimeUnit.MILLISECONDS);
        }
    }
}
