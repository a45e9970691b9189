// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.connection.ServerDrain;
import io.github.gracefulnetty.internal.listener.AcceptedConnections;
import io.github.gracefulnetty.internal.protocols.DrainNotice;
import io.github.gracefulnetty.internal.protocols.HttpExchanges;
import io.github.gracefulnetty.internal.protocols.LingeringClose;
import io.github.gracefulnetty.internal.protocols.OwnHandler;
import io.github.gracefulnetty.internal.protocols.Protocol;
import io.github.gracefulnetty.internal.protocols.Protocols;
import io.github.gracefulnetty.internal.protocols.ReadPause;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;

/**
 * One accepted connection, from then until it is gone: who ends it, whether it may move, how far it is on its way out, and
 * in which column of a drain's report it ends. On the connection's event loop, unless a method says otherwise.
 */
final class Connection {
    /** On which a connection moves. */
    interface Way {
        /** This connection may be idle now. On any thread. */
        void ask(Connection connection);

        /** Whether none moves on it any more. On any thread. */
        boolean isOver();
    }

    private static final AttributeKey<Connection> KEY = AttributeKey.valueOf(Connection.class, "CONNECTION");

    private final Channel channel;
    private final ServerDrain server;

    // Guarded by this, as it may end on one thread while a drain begins on another.
    private @Nullable Ledger ledger;
    private boolean settled;

    private volatile boolean forced;
    private volatile boolean left;
    private volatile @Nullable Waiting waiting;
    private @Nullable Object told; // on the control loop

    private volatile @Nullable Candidate candidate;
    private String whyNotMovable = "";
    private @Nullable Object rejectedBy;
    private volatile @Nullable Way lane;
    private boolean asked;
    private boolean insists;
    private boolean lookedAt;
    private boolean paused;
    private boolean lingers;

    Connection(Channel channel, ServerDrain server) {
        this.channel = channel;
        this.server = server;
        channel.attr(KEY).set(this);
    }

    /** That of an accepted channel; {@code null} if nobody tracks it. On any thread. */
    static @Nullable Connection of(Channel channel) {
        return channel.hasAttr(KEY) ? channel.attr(KEY).get() : null;
    }

    /** On any thread. */
    Channel channel() {
        return channel;
    }

    /** Who ends it. On any thread. */
    ServerDrain server() {
        return server;
    }

    /** Whether it is told by itself that it has to end, and not its server. On any thread. */
    boolean isToldByItself() {
        return server == AcceptedConnections.EACH;
    }

    // Which drain it is part of, and how it ends there.

    /** Its end is counted there, and nowhere else any more. On any thread. */
    synchronized void countIn(@Nullable Ledger next) {
        if (settled || next == ledger) {
            return;
        }
        if (ledger != null) {
            ledger.strike();
        }
        if (next != null) {
            next.enter();
        }
        ledger = next;
        forced = false; // that was another drain's deadline
    }

    /** {@code false} if this drain has told it before. On the control loop. */
    boolean tell(Object drain) {
        boolean first = told != drain;
        told = drain;
        return first;
    }

    /** It is closed by force from now on. On any thread. */
    void force() {
        forced = true;
    }

    /** It is closed. Right when it ends, on its event loop, its pipeline is still there. On any thread. */
    void closed() {
        if (!left) {
            Protocol protocol = Protocols.of(channel);
            boolean byForce = forced || channel.isOpen();
            boolean idle = !byForce && protocol.isIdleSinceTold(channel.pipeline());
            settle(protocol.name(), byForce ? Ledger.Column.FORCED : idle ? Ledger.Column.IDLE : Ledger.Column.DRAINED);
        }
    }

    /** In which column it ends. Only the first one counts. On any thread. */
    synchronized void settle(String protocol, Ledger.Column column) {
        if (!settled && ledger != null) {
            ledger.settle(protocol, column);
        }
        settled = true;
    }

    /** Who moves it knows what becomes of it, or it is here again as another one. On any thread. */
    synchronized void countedElsewhere() {
        countIn(null);
        settled = true;
    }

    // Whether it may move.

    void admit(MovePolicy.Admission admission) {
        candidate = admission.candidate();
        whyNotMovable = admission.whyNot();
    }

    /** Why it cannot move, as far as its pipeline says; empty if it can. */
    String whyNotMovable() {
        return whyNotMovable;
    }

    /** {@code null} if it cannot move. */
    @Nullable
    Candidate candidate() {
        return candidate;
    }

    /** Whether it can move, as far as its pipeline says. On any thread, once it is accepted. */
    boolean isMovable() {
        return candidate != null;
    }

    /** It came back from {@code migration}: that does not try again. */
    void reject(Object migration) {
        rejectedBy = migration;
    }

    boolean isRejectedBy(Object migration) {
        return rejectedBy == migration;
    }

    // How it moves.

    /** It is to move on that lane, and asks for it. */
    void moveOn(Way next) {
        stay(); // where an upgrade that failed had it
        lane = next;
        ask();
    }

    /** On which lane it is to move; {@code null} if it is not. On any thread. */
    @Nullable
    Way lane() {
        return lane;
    }

    /** It may be idle now. */
    void ask() {
        Way way = lane;
        if (!asked && way != null) {
            asked = true;
            way.ask(this);
        }
    }

    /** It was not idle when it was its turn: asks again when something has happened. */
    void isBusyNow() {
        asked = false;
        Candidate movable = candidate;
        HttpExchanges exchanges = movable == null ? null : movable.exchanges();
        if (exchanges != null && exchanges.isSettled()) {
            goOn(); // its handlers wait for more
        }
        if (waiting == null) {
            Waiting watch = new Waiting();
            waiting = watch;
            channel.pipeline().addFirst(watch);
        }
    }

    /** Whether it is to move, and was busy when it was its turn. On any thread. */
    boolean isBusy() {
        return waiting != null;
    }

    /** It does not move after all, or it has left. */
    void stay() {
        lane = null;
        asked = false;
        lookedAt = false;
        insists = false;
        Waiting watch = waiting;
        if (watch != null) {
            waiting = null;
            if (channel.pipeline().context(watch) != null) {
                channel.pipeline().remove(watch);
            }
        }
    }

    /** Its channel closes because it moves. */
    void leave() {
        left = true;
        stay();
    }

    /**
     * Something that is in progress may have no end, as a stream of events, so its handlers have to hear of the drain. Who is
     * looked at twice and busy both times is told, and moves all the same when that ends; and what it has sent and nobody has
     * read yet waits, as a client that always has another request on its way leaves no moment to move.
     *
     * @param isBusy whether something is in progress
     */
    void look(boolean isBusy) {
        if (waiting == null || !isBusy || insists) {
            lookedAt = false;
        } else if (!lookedAt) {
            lookedAt = true;
        } else {
            lookedAt = false;
            insists = true;
            pause();
            DrainNotice.fire(channel);
        }
    }

    /** It is read on: it may become idle by what comes next, or does not move after all. */
    private void goOn() {
        if (paused) {
            paused = false;
            ReadPause.end(channel);
        }
        if (lingers) {
            lingers = false;
            LingeringClose.uninstall(channel);
        }
    }

    private void pause() {
        Candidate movable = candidate;
        HttpExchanges exchanges = movable == null ? null : movable.exchanges();
        if (insists && exchanges != null && exchanges.requests() > 0 && exchanges.isBeforeNextRequest()) {
            paused |= ReadPause.begin(channel);
            // What it has not read must not become a reset, if the application closes it now.
            lingers |= LingeringClose.install(channel, all -> true);
        }
    }

    /**
     * The first handler of one that is to move and is busy: asks for the move after each read and each flush. It is looked at
     * in a task of its own, as only then what was read has been dealt with.
     */
    private final class Waiting extends ChannelDuplexHandler implements OwnHandler {
        @Override
        public void handlerRemoved(ChannelHandlerContext context) {
            if (waiting == this) {
                waiting = null; // its channel has closed
            }
            if (!left) {
                goOn();
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
}
