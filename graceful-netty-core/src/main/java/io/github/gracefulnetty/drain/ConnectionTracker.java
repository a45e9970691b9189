// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.drain;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Every connection that was accepted and is still open. Safe for use by several threads. */
public final class ConnectionTracker {
    private final Set<Channel> open = ConcurrentHashMap.newKeySet();

    // One object for all connections: this runs for every accepted one.
    private final ChannelFutureListener remover = future -> remove(future.channel());
    private volatile @Nullable Runnable whenEmpty;

    /** Tracks {@code connection} until it closes. */
    public void track(Channel connection) {
        open.add(connection);
        connection.closeFuture().addListener(remover);
    }

    /** The connections that are open now. Forgets those that were closed before they were registered anywhere. */
    public List<Channel> open() {
        open.removeIf(channel -> !channel.isOpen());
        return List.copyOf(open);
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
