// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.connection;

/**
 * Fired through the pipeline of a connection, as a user event, when it moves to the successor. {@code channelInactive} and
 * {@code handlerRemoved} follow, so that whatever belongs to the channel is given back, but the client is still there:
 * nobody has to be told that it has left. Nothing that is written now is sent.
 */
public enum ConnectionMoved {
    /** The only one. */
    INSTANCE
}
