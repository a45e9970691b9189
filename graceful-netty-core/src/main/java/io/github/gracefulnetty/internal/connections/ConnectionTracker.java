// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.drain;

import io.github.gracefulnetty.connection.ServerDrain;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Every connection that was accepted and is still open, and who ends it. Safe for use by several threads. */
public final class ConnectionTracker {
    /** Ends nothing: its connections are told one by one. */
    public static final ServerDrain EACH = new ServerDrain() {
        @Override
        public CompletionStage<?> drain(Collection<Channel> connections) {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void resume() {}

        @Override
        public void force() {}

        @Override
        public CompletionStage<?> end() {
            return CompletableFuture.completedFuture(null);
        }
    };

    /** Who counts the end of a connection. */
    interface Watcher {
        /** It closes. On its event loop, its pipeline is still there. */
        void ended(Tracked connection);
    }

    /** One connection. */
    static final class Tracked {
        private final Channel channel;
        private final ServerDrain server;
        private volatile @Nullable Watcher watcher;
        private boolean counted;

        Tracked(Channel channel, ServerDrain server) {
            this.channel = channel;
            this.server = server;
        }

        Channel channel() {
            return channel;
        }

        /** {@code false} if its end has been counted before. By one thread at a time. */
        boolean count() {
            boolean first = !counted;
            counted = true;
            return first;
        }
    }

    private final Map<Channel, Tracked> open = new ConcurrentHashMap<>();
    private final Map<ServerDrain, AskedServer> servers = new ConcurrentHashMap<>();

    // One object for all connections: this runs for every accepted one.
    private final ChannelFutureListener remover = future -> remove(future.channel());
    private volatile @Nullable Runnable whenEmpty;
    private volatile boolean grown;

    /** Tracks nothing yet. */
    public ConnectionTracker() {}

    /** Tracks {@code connection} until it closes; it is told by itself when the drain begins. */
    public void track(Channel connection) {
        track(connection, EACH);
    }

    /** Tracks {@code connection} until it closes; {@code server} ends it. */
    public void track(Channel connection, ServerDrain server) {
        open.put(connection, new Tracked(connection, server));
        grown = true;
        connection.closeFuture().addListener(remover);
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
    int forEachOpen(Consumer<Tracked> action) {
        int count = 0;
        for (Iterator<Tracked> all = open.values().iterator(); all.hasNext(); ) {
            Tracked one = all.next();
            if (one.channel().isOpen()) {
                count++;
                action.accept(one);
            } else if (!one.channel().isRegistered()) {
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

    /** Tells {@code watcher}, and nobody else any more, when it ends; {@code false} if that is so already. */
    static boolean watch(Tracked connection, Watcher watcher) {
        boolean known = connection.watcher == watcher;
        connection.watcher = watcher;
        return !known;
    }

    /** Those that {@code watcher} watches and that are still known. */
    void forEachWatched(Watcher watcher, Consumer<Tracked> action) {
        for (Tracked one : open.values()) {
            if (one.watcher == watcher) {
                action.accept(one);
            }
        }
    }

    /** Whether any connection has been tracked since this was asked last. */
    boolean hasGrown() {
        boolean answer = grown;
        grown = false;
        return answer;
    }

    /** Those of one server. */
    List<Channel> openOf(ServerDrain server) {
        List<Channel> those = new ArrayList<>();
        forEachOpen(one -> {
            if (one.server == server) {
                those.add(one.channel());
            }
        });
        return those;
    }

    static boolean isToldByItself(Tracked connection) {
        return connection.server == EACH;
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
    private void remove(Channel connection) {
        Tracked one = open.get(connection);
        Watcher watcher = one == null ? null : one.watcher;
        try {
            if (one != null && watcher != null) {
                watcher.ended(one);
            }
        } finally {
            open.remove(connection);
        }
        Runnable action = whenEmpty;
        if (action != null && open.isEmpty()) {
            action.run();
        }
    }
}
