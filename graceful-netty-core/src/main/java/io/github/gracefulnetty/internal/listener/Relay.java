// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.drain.ConnectionTracker;
import io.github.gracefulnetty.drain.ServerDrain;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** Passes what the real listener accepts on to the channel that the application holds, and tracks it. */
final class Relay extends ChannelInboundHandlerAdapter {
    private final LateBindingServerChannel outer;
    private final ConnectionTracker connections;
    private final ServerDrain drain;
    private long accepted;

    Relay(LateBindingServerChannel outer, ConnectionTracker connections, ServerDrain drain) {
        this.outer = outer;
        this.connections = connections;
        this.drain = drain;
    }

    /** How many connections it has passed on. On the event loop. */
    long accepted() {
        return accepted;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        Channel connection = (Channel) message;
        accepted++;
        if (drain == ConnectionTracker.EACH) {
            outer.accepted(connection);
        }
        pass(connection);
    }

    /** As if the listener had just accepted it. On the event loop. */
    void pass(Channel connection) {
        connections.track(connection, drain);
        outer.pipeline().fireChannelRead(connection);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        outer.pipeline().fireChannelReadComplete();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        outer.pipeline().fireExceptionCaught(cause);
    }
}
