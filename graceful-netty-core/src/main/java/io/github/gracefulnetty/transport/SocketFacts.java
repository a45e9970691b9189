// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.transport;

import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel says about a socket.
 *
 * @param kind its kind; {@link DescriptorKind#OTHER} if it is none that we know
 * @param family its address family, {@code null} if it is none that we know
 * @param local the address it is bound to, {@code null} if it has none
 * @param remote the address it is connected to, {@code null} if it has none
 */
public record SocketFacts(
        DescriptorKind kind,
        @Nullable StandardProtocolFamily family,
        @Nullable SocketAddress local,
        @Nullable SocketAddress remote) {}
