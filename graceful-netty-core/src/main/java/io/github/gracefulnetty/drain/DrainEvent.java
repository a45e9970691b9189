// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.drain;

/**
 * Fired through the pipeline of each connection, as a user event, when its process begins to drain. A protocol that
 * graceful-netty does not know should finish what is in progress and close; what is still open at the drain deadline is
 * closed by force.
 */
public enum DrainEvent {
    /** The only one. */
    INSTANCE
}
