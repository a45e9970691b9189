// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.transport;

/** The kinds of listening socket that can be handed on. */
public enum SocketKind {
    /** A TCP listener, IPv4 or IPv6. */
    TCP("tcp"),
    /** A unix stream listener, with a path or an abstract name. */
    UNIX("unix");

    private final String label;

    SocketKind(String label) {
        this.label = label;
    }

    @Override
    public String toString() {
        return label;
    }
}
