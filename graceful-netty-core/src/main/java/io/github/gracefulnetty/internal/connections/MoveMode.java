// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

/** Which connections move. */
public enum MoveMode {
    /** None: all are drained. */
    OFF,
    /** Those whose handlers all are Netty's own and known, or {@link io.github.gracefulnetty.connection.Migratable}. */
    DECLARED,
    /** Those, and all HTTP/1.1 connections: the application says that its handlers keep nothing between exchanges. */
    ALL;

    /** As a setting says it. */
    public String setting() {
        return switch (this) {
            case OFF -> "false";
            case DECLARED -> "declared";
            case ALL -> "true";
        };
    }
}
