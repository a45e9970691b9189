// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.drain;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
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

    private final Map<Channel, ServerDrain> open = new ConcurrentHashMap<>();
    private final Set<ServerDrain> servers = ConcurrentHashMap.newKeySet();

    // One object for all connections: this runs for every accepted one.
    private final ChannelFutureListener remover = future -> remove(future.channel());
    private volatile @Nullable Runnable whenEmpty;
    private volatile boolean grown;

    /** Tracks {@code connection} until it closes; it is told by itself when the drain begins. */
    public void track(Channel connection) {
        track(connection, EACH);
    }

    /** Tracks {@code connection} until it closes; {@code server} ends it. */
    public void track(Channel connection, ServerDrain server) {
        open.put(connection, server);
        grown = true;
        connection.closeFuture().addListener(remover);
    }

    /** There is a server that ends its connections itself. */
    public void serve(ServerDrain server) {
        servers.add(server);
    }

    /** The connections that are open now. Forgets those that were closed before they were registered anywhere. */
    public List<Channel> open() {
        open.keySet().removeIf(channel -> !channel.isOpen());
        return List.copyOf(open.keySet());
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

    /** Whether any connection has been tracked since this was asked last. */
    boolean hasGrown() {
        boolean answer = grown;
        grown = false;
        return answer;
    }

    /** Those of one server. */
    List<Channel> openOf(ServerDrain server) {
        return open().stream().filter(channel -> open.get(channel) == server).toList();
    }

    boolean isToldByItself(Channel connection) {
        return open.getOrDefault(connection, EACH) == EACH;
    }

    Set<ServerDrain> servers() {
        return Set.copyOf(servers);
    }

    /** Calls {@code action} each time the last connection closes, on its event loop; at once if there is none. */
    void whenEmpty(Runnable action) {
        whenEmpty = action;
        if (open().isEmpty()) {
            action.run();
        }
    }

    private void remove(Channel connection) {
        open.remove(connection);
        Runnable action = whenEmpty;
        if (action != null && open.isEmpty()) {
            action.run();
        }
    }
}
