// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.migration;

import io.github.gracefulnetty.internal.listener.ListenerChannel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** The first handler of an accepted connection, until its pipeline is built: puts in what has to see all that comes. */
final class Newcomer extends ChannelInboundHandlerAdapter {
    private final MovePolicy policy;
    private final ListenerChannel listener;

    Newcomer(MovePolicy policy, ListenerChannel listener) {
        this.policy = policy;
        this.listener = listener;
    }

    @Override
    public void channelRegistered(ChannelHandlerContext context) {
        context.fireChannelRegistered();
        policy.admit(context.channel(), listener);
        context.pipeline().remove(this);
    }
}
