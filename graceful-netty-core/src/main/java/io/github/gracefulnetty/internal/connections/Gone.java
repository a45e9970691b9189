// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.internal.protocols.OwnHandler;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;

/**
 * The first handler of a connection that has left: whatever its handlers do when they hear of it, nothing of that reaches its
 * client. A close closes this process's descriptor and no more.
 */
@Sharable
final class Gone extends ChannelOutboundHandlerAdapter implements OwnHandler {
    static final Gone INSTANCE = new Gone();

    private Gone() {}

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        ReferenceCountUtil.release(message);
        if (!promise.isVoid()) {
            promise.tryFailure(new ClosedChannelException());
        }
    }

    @Override
    public void flush(ChannelHandlerContext context) {
        // There is nothing.
    }
}
