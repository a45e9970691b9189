// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.connection.ServerDrain;
import io.netty.channel.Channel;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Where listeners, and datagram sockets, put what they have accepted or opened. Safe for use by several threads. */
public interface AcceptedConnections {
    /** Ends nothing: its connections are told one by one. */
    ServerDrain EACH = new ServerDrain() {
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

    /** Nobody drains them: they are their application's. */
    AcceptedConnections UNTRACKED = (connection, server) -> {};

    /** Tracks {@code connection} until it closes; {@code server} ends it, or, if that is {@link #EACH}, it is told by itself. */
    void track(Channel connection, ServerDrain server);
}
