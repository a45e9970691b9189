// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.migration;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import java.util.Set;

/**
 * The first handler of a connection that is to move: asks for it after each read and each flush, in a task of its own, as
 * only then what was read has been dealt with. On the connection's event loop.
 */
final class Waiting extends ChannelDuplexHandler {
    private final Channel channel;
    private final OutgoingLane lane;
    private final Set<Channel> those;
    private boolean asked;
    private boolean insists;
    private boolean paused;

    /** @param those that this connection is one of until this handler leaves, or the connection ends */
    Waiting(Channel channel, OutgoingLane lane, Set<Channel> those) {
        this.channel = channel;
        this.lane = lane;
        this.those = those;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ask(context);
    }

    void ask(ChannelHandlerContext context) {
        if (!asked && !context.isRemoved()) {
            asked = true;
            lane.ask(context.channel());
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        those.remove(channel);
        if (paused && channel.isOpen()) {
            channel.config().setAutoRead(true);
        }
    }

    /** A client that always has another request on its way leaves no moment to move: what is not read yet waits. */
    void insist() {
        insists = true;
        pause();
    }

    private void pause() {
        Candidate candidate = Candidate.of(channel);
        HttpExchanges exchanges = candidate == null ? null : candidate.exchanges();
        if (insists
                && exchanges != null
                && exchanges.isBeforeNextRequest()
                && channel.config().isAutoRead()) {
            channel.config().setAutoRead(false);
            paused = true;
        }
    }

    boolean waitsFor(OutgoingLane other) {
        return lane == other;
    }

    /** The question is answered: the next one may be asked. */
    void answered() {
        asked = false;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        context.fireChannelReadComplete();
        pause();
        ask(context);
    }

    @Override
    public void flush(ChannelHandlerContext context) {
        context.flush();
        ask(context);
    }
}
