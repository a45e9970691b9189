// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.netty.channel.Channel;
import java.util.function.Consumer;

/** Takes connections of a draining process to its successor, so that they need not end. */
public interface Mover {
    /**
     * Begins. On the control loop.
     *
     * @param stays gets, on its event loop, each connection that was taken and cannot move after all
     * @param changed runs, on any thread, when {@link #onTheWay} has become 0
     */
    void begin(Consumer<Channel> stays, Runnable changed);

    /**
     * On the connection's event loop.
     *
     * @return whether this connection moves as soon as it is idle; if so, nobody else has to end it
     */
    boolean take(Channel connection);

    /** On the connection's event loop: whether it was taken and something is in progress on it. */
    boolean isBusy(Channel connection);

    /** How many are neither here nor there. On any thread. */
    int onTheWay();

    /** This process serves again: no other one moves, nor is any told to {@link #begin stay}. On any thread. */
    void cancel();

    /** No other one moves; those on the way arrive soon, or are closed. On any thread. */
    void end();
}
