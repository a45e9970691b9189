// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.transport.SocketKind;
import java.net.SocketAddress;

/**
 * The identity of a listener, as it travels with its descriptor.
 *
 * @param kind TCP or unix
 * @param name the name its owner gave it, empty if none
 * @param bound the address it is bound to
 * @param requested the address that was asked for; differs from {@code bound} when that was port 0
 * @param removePath whether the process that closes it last removes its path; {@code false} for TCP, abstract names and
 *     listeners that belong to a service manager
 */
public record ListenerDescription(
        SocketKind kind, String name, SocketAddress bound, SocketAddress requested, boolean removePath) {
    @Override
    public String toString() {
        return kind + " " + Addresses.format(bound) + (name.isEmpty() ? "" : " (" + name + ")");
    }
}
