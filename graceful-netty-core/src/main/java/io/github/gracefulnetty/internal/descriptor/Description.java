// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.descriptor;

import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.SocketFacts;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import org.jspecify.annotations.Nullable;

/**
 * What a descriptor is, as it is announced to its receiver, which verifies it.
 *
 * @param kind its kind
 * @param family the address family of a socket, {@code null} for what is none
 * @param name the name its owner gave it, empty if none
 * @param local the address of a socket that is bound
 * @param remote the address of a socket that is connected
 * @param mode how a file or pipe is open, {@code null} for what is neither
 */
public record Description(
        DescriptorKind kind,
        @Nullable StandardProtocolFamily family,
        String name,
        @Nullable SocketAddress local,
        @Nullable SocketAddress remote,
        @Nullable FileMode mode) {
    /** That of a socket, as the kernel tells it. */
    public static Description of(SocketFacts facts, String name) {
        return new Description(facts.kind(), facts.family(), name, facts.local(), facts.remote(), null);
    }

    @Override
    public String toString() {
        return kind
                + (local == null ? "" : " " + Addresses.format(local))
                + (remote == null ? "" : " to " + Addresses.format(remote))
                + (name.isEmpty() ? "" : " (" + name + ")");
    }
}
