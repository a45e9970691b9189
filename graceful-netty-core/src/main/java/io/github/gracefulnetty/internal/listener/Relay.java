// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.connection.ServerDrain;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.function.Consumer;

/** Passes what the real listener accepts on to the channel that the application holds, and tracks it. */
final class Relay extends ChannelInboundHandlerAdapter {
    private final Channel outer;
    private final Consumer<Channel> whenAccepted;
    private final AcceptedConnections connections;
    private final ServerDrain drain;
    private long accepted;

    /** @param whenAccepted told of each connection that is accepted and that nobody else drains, on the event loop */
    Relay(Channel outer, Consumer<Channel> whenAccepted, AcceptedConnections connections, ServerDrain drain) {
        this.outer = outer;
        this.whenAccepted = whenAccepted;
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
        if (drain == AcceptedConnections.EACH) {
            whenAccepted.accept(connection);
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
