// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.connection;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;

/**
 * Implemented by a handler of an accepted connection that knows how the connection moves to the successor instead of being
 * ended. A handler without state per connection implements it and no method. All methods are called on the connection's
 * event loop.
 *
 * <p>A connection moves between two events: nothing is waiting to be written, and its handlers agree. The predecessor asks
 * {@link #mayMove} and then {@link #state}, fires {@link ConnectionMoved} as a user event, and closes its channel, which
 * does not touch the client. The successor builds the pipeline as for any accepted connection, calls {@link #restore}, and
 * only then fires {@code channelActive} and reads. If the successor refuses or dies before it has the connection, the same
 * happens in the predecessor: there, too, a new pipeline is built and restored.
 *
 * <p>A WebSocket moves if one of its handlers is {@code Migratable}, between two messages and two frames. The request that
 * opened it is repeated in the new pipeline, before {@link #restore}: so the handlers negotiate and take their places as
 * they did the first time. What they write while they do so is not sent, as the client has it. It does not move if its
 * request was answered later than within the reading of it, or if {@link #mayRepeatRequest} says no: then it is drained.
 *
 * <p>A connection does not move, and is drained, if its pipeline is not what its initializer has built any more, by the classes
 * of its handlers, or, for a WebSocket, not what it was when it had been opened; or if a handler runs on an executor of its own.
 * Whatever a method throws, an {@link Error} too, keeps this connection from moving, and no other.
 */
public interface Migratable extends ChannelHandler {
    /** The most bytes of state that one connection may take along, those of all its handlers together. */
    int MAX_STATE = 60 * 1024;

    /**
     * Whether the connection may move now: no exchange is in progress, and nothing of the next one has been read. Asked
     * again after each read and each flush, so it must be cheap.
     */
    default boolean mayMove(ChannelHandlerContext context) {
        return true;
    }

    /**
     * Whether the request that opened a WebSocket may be read once more by the handlers of a new pipeline. If not, because it
     * carries a ticket that is good for once, the connection is drained: its client is told to open another one. For a WebSocket
     * only: asked when the request is read, of all handlers that are there then, and before {@link #mayMove}.
     */
    default boolean mayRepeatRequest() {
        return true;
    }

    /**
     * What {@link #restore} gets; no bytes if there is nothing to restore. Called once {@link #mayMove} has said yes, and
     * the connection moves, unless this throws: then it stays where it is and is drained.
     */
    default byte[] state(ChannelHandlerContext context) throws Exception {
        return new byte[0];
    }

    /**
     * Makes this handler, and if need be its pipeline, what it was in the process that wrote {@code state}. The channel is
     * registered, but not active yet. Not called where there is nothing to restore. What this throws refuses the
     * connection: it stays with the predecessor.
     */
    default void restore(ChannelHandlerContext context, byte[] state) throws Exception {
        throw new IllegalStateException(getClass().getName() + " restores no state");
    }

    /** Under which the state travels: the same in all versions of the application, one per pipeline. */
    default String stateName() {
        return getClass().getName();
    }
}
