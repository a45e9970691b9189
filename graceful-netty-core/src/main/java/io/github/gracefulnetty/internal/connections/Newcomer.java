// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.internal.listener.ListenerChannel;
import io.github.gracefulnetty.internal.protocols.DrainGuard;
import io.github.gracefulnetty.internal.protocols.OwnHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** The first handler of an accepted connection, until its pipeline is built: puts in what has to see all that comes. */
final class Newcomer extends ChannelInboundHandlerAdapter implements OwnHandler {
    private final MovePolicy policy;
    private final ListenerChannel listener;

    Newcomer(MovePolicy policy, ListenerChannel listener) {
        this.policy = policy;
        this.listener = listener;
    }

    @Override
    public void channelRegistered(ChannelHandlerContext context) {
        context.fireChannelRegistered();
        Channel channel = context.channel();
        DrainGuard.quietly(channel, "cannot move", () -> admit(channel));
        context.pipeline().remove(this);
    }

    private void admit(Channel channel) {
        Connection connection = Connection.of(channel);
        MovePolicy.Admission admission = policy.admit(channel, listener);
        if (connection != null) {
            connection.admit(admission);
        }
    }
}
