// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.migration;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import java.util.Map;

/**
 * A connection that is to move. Most are idle, and do so when it is their turn. One that is not gets this as its first
 * handler: asks for it after each read and each flush, in a task of its own, as only then what was read has been dealt
 * with. On the connection's event loop.
 */
final class Waiting extends ChannelDuplexHandler {
    private final Channel channel;
    private final OutgoingLane lane;
    private final Map<Channel, Waiting> those;
    private volatile boolean watching;
    private boolean asked;
    private boolean insists;
    private boolean paused;

    /** @param those that this connection is one of until it stays, or leaves, or ends */
    Waiting(Channel channel, OutgoingLane lane, Map<Channel, Waiting> those) {
        this.channel = channel;
        this.lane = lane;
        this.those = those;
    }

    OutgoingLane lane() {
        return lane;
    }

    /** It may be idle now. */
    void ask() {
        if (!asked && those.get(channel) == this) {
            asked = true;
            lane.ask(channel);
        }
    }

    /** The question is answered: the next one may be asked. */
    void answered() {
        asked = false;
    }

    /** It is not idle: asks again when something has happened. */
    void watch() {
        if (!watching) {
            watching = true;
            channel.pipeline().addFirst(this);
        }
    }

    /** Whether it was not idle when it was looked at. On any thread. */
    boolean isWatching() {
        return watching;
    }

    /** It does not move after all. */
    void stay() {
        if (watching) {
            channel.pipeline().remove(this);
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        those.remove(channel, this);
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

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        context.fireChannelReadComplete();
        pause();
        ask();
    }

    @Override
    public void flush(ChannelHandlerContext context) {
        context.flush();
        ask();
    }
}
