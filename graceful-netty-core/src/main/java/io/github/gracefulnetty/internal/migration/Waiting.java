// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.migration;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.AttributeKey;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A connection that is to move. Most are idle, and do so when it is their turn. One that is not gets this as its first
 * handler: asks for it after each read and each flush, in a task of its own, as only then what was read has been dealt
 * with. On the connection's event loop.
 */
final class Waiting extends ChannelDuplexHandler {
    private static final AttributeKey<Waiting> KEY = AttributeKey.valueOf(Waiting.class, "waiting");

    private final Channel channel;
    private final Candidate candidate;
    private final OutgoingLane lane;
    private final Set<Waiting> busy;
    private boolean watching;
    private boolean asked;
    private boolean insists;
    private boolean paused;

    /** @param busy what this is one of from when its connection was not idle, until that stays, or leaves, or ends */
    Waiting(Channel channel, Candidate candidate, OutgoingLane lane, Set<Waiting> busy) {
        this.channel = channel;
        this.candidate = candidate;
        this.lane = lane;
        this.busy = busy;
    }

    /** The one of a connection that is to move, else {@code null}. On its event loop. */
    static @Nullable Waiting of(Channel connection) {
        return connection.hasAttr(KEY) ? connection.attr(KEY).get() : null;
    }

    /** It is the connection's from now on. */
    void attach() {
        channel.attr(KEY).set(this);
    }

    /** The connection does not wait any more. */
    static void detach(Channel connection) {
        connection.attr(KEY).set(null);
    }

    /** Whether it was made for the migration that has these busy ones: one that has ended may not know it yet. */
    boolean isOf(Set<Waiting> those) {
        return busy == those;
    }

    /** On any thread. */
    Channel channel() {
        return channel;
    }

    /** On any thread. */
    OutgoingLane lane() {
        return lane;
    }

    /** It may be idle now. */
    void ask() {
        if (!asked && of(channel) == this) {
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
            busy.add(this);
            channel.pipeline().addFirst(this);
        }
    }

    /** It does not move after all. */
    void stay() {
        if (watching) {
            channel.pipeline().remove(this);
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        busy.remove(this);
        if (of(channel) == this) {
            detach(channel);
        }
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
        HttpExchanges exchanges = candidate.exchanges();
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
