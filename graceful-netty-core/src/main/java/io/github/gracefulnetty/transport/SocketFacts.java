// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.transport;

import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel says about a socket.
 *
 * @param listening whether it accepts connections
 * @param kind its kind, {@code null} if it is of none that can be handed on
 * @param address the address it is bound to, {@code null} if it has none
 */
public record SocketFacts(
        boolean listening,
        @Nullable SocketKind kind,
        @Nullable SocketAddress address) {}
