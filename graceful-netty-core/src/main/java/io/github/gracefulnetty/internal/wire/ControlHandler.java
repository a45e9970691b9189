// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * A handler of a channel on a control loop. What its own dealing with an error throws ends the channel: Netty would log it,
 * and where that fails as well, with no room for one more class for instance, the loop itself would end.
 */
public abstract class ControlHandler extends ChannelInboundHandlerAdapter {
    /** For subclasses. */
    protected ControlHandler() {}

    /** What a handler, or the channel itself, has run into. May throw anything. */
    protected abstract void caught(ChannelHandlerContext context, Throwable cause);

    @Override
    public final void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        try {
            caught(context, cause);
        } catch (Throwable t) {
            end(context);
        }
    }

    /** Who waits for this channel sees that it has ended. */
    private static void end(ChannelHandlerContext context) {
        try {
            context.channel().close();
        } catch (Throwable t) {
            // There is nobody left who could be told.
        }
    }
}
