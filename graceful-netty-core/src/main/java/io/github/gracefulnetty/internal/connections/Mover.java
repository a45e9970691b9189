// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.drain;

import io.netty.channel.Channel;
import java.util.List;
import java.util.Map;
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

    /** Those that were taken and were not idle when it was their turn. On any thread. */
    List<Channel> busy();

    /** On the connection's event loop: whether it was taken and something is in progress on it. */
    boolean isBusy(Channel connection);

    /** On the connection's event loop: it was taken, and has been busy for long. It need not become idle by itself. */
    void insist(Channel connection);

    /** How many are neither here nor there. On any thread. */
    int onTheWay();

    /** Whether it was closed here because it has moved, or is on its way. On any thread. */
    boolean hasLeft(Channel connection);

    /** How many are the successor's, by protocol. On any thread. */
    Map<String, Integer> moved();

    /** This process serves again: no other one moves, nor is any told to {@link #begin stay}. On any thread. */
    void cancel();

    /** No other one moves; those on the way are closed. On any thread. */
    void end();
}
