// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.connection.ServerDrain;
import io.github.gracefulnetty.internal.listener.AcceptedConnections;
import io.github.gracefulnetty.internal.protocols.DrainGuard;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Every connection that was accepted and is still open, and who ends it. Safe for use by several threads. */
public final class ConnectionTracker implements AcceptedConnections {
    private final Map<Channel, Connection> open = new ConcurrentHashMap<>();
    private final Map<ServerDrain, AskedServer> servers = new ConcurrentHashMap<>();

    // One object for all connections: this runs for every accepted one.
    private final ChannelFutureListener remover = future -> remove(future.channel());
    private final AtomicBoolean grown = new AtomicBoolean();
    private volatile @Nullable Runnable whenEmpty;
    private volatile @Nullable Ledger ledger;

    /** Tracks nothing yet. */
    public ConnectionTracker() {}

    /** Tracks {@code connection} until it closes; it is told by itself when the drain begins. */
    public void track(Channel connection) {
        track(connection, EACH);
    }

    @Override
    public void track(Channel channel, ServerDrain server) {
        Connection connection = new Connection(channel, server);
        open.put(channel, connection);
        Ledger now;
        do {
            now = ledger;
            connection.countIn(now);
        } while (now != ledger); // who began or ended to count meanwhile may have come to it before
        grown.set(true);
        channel.closeFuture().addListener(remover);
    }

    /** There is a server that ends its connections itself. */
    public void serve(ServerDrain server) {
        servers.putIfAbsent(server, new AskedServer(server));
    }

    /** The connections that are open now. */
    public List<Channel> open() {
        List<Channel> those = new ArrayList<>();
        forEachOpen(one -> those.add(one.channel()));
        return those;
    }

    /**
     * Those that are open now. Forgets those that were closed before they were registered anywhere.
     *
     * @return how many
     */
    int forEachOpen(Consumer<Connection> action) {
        int count = 0;
        for (Iterator<Connection> all = open.values().iterator(); all.hasNext(); ) {
            Connection one = all.next();
            if (one.channel().isOpen()) {
                count++;
                action.accept(one);
            } else if (!one.channel().isRegistered()) {
                one.closed();
                all.remove(); // the others say so themselves
            }
        }
        return count;
    }

    /** Whether one of those is open. */
    boolean isAnyOpen(Predicate<Channel> which) {
        for (Channel connection : open.keySet()) {
            if (connection.isOpen() && which.test(connection)) {
                return true;
            }
        }
        return false;
    }

    /** Counts how those end that are open, and all that come, until somebody else counts, or {@link #stopCounting}. */
    public Ledger count() {
        Ledger next = new Ledger();
        ledger = next;
        open.values().forEach(one -> one.countIn(next));
        return next;
    }

    /** What has no column now gets none in {@code those}. */
    void stopCounting(Ledger those) {
        if (ledger == those) {
            ledger = null;
            open.values().forEach(one -> one.countIn(null));
        }
    }

    /** Counts those as closed by force that are still open. */
    void closeCounting(Ledger those) {
        if (ledger == those) {
            ledger = null;
            open.values().forEach(one -> DrainGuard.quietly(one.channel(), "could not be counted", one::closed));
        }
    }

    /** Whether any connection has been tracked since this was asked last. */
    boolean hasGrown() {
        return grown.getAndSet(false);
    }

    /** Those that are to move on {@code lane}, and were busy when it was their turn. */
    List<Connection> busyOn(Connection.Way lane) {
        List<Connection> those = new ArrayList<>();
        forEachOpen(one -> {
            if (one.isBusy() && one.lane() == lane) {
                those.add(one);
            }
        });
        return those;
    }

    /** Those of one server. */
    List<Channel> openOf(ServerDrain server) {
        List<Channel> those = new ArrayList<>();
        forEachOpen(one -> {
            if (one.server() == server) {
                those.add(one.channel());
            }
        });
        return those;
    }

    Map<ServerDrain, AskedServer> servers() {
        return servers;
    }

    /** Calls {@code action} each time the last connection closes, on its event loop; at once if there is none. */
    void whenEmpty(Runnable action) {
        whenEmpty = action;
        if (!isAnyOpen(connection -> true)) {
            action.run();
        }
    }

    /** Its end is counted before nobody knows of it any more. */
    private void remove(Channel channel) {
        Connection one = open.get(channel);
        try {
            if (one != null) {
                one.closed();
            }
        } finally {
            open.remove(channel);
        }
        Runnable action = whenEmpty;
        if (action != null && open.isEmpty()) {
            action.run();
        }
    }
}
