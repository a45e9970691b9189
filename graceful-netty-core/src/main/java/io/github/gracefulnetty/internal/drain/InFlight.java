// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.drain;

import io.netty.channel.ChannelHandler;

/**
 * The handler behind an HTTP/1.1 codec that has seen everything since the connection was accepted, and so knows what its
 * drain cannot: what was begun before. On the connection's event loop.
 */
public interface InFlight extends ChannelHandler {
    /** How many requests are not answered to their end, those included of which only the first bytes have arrived. */
    int requests();

    /** Whether each request was read to its end, and nothing of another one. */
    boolean isBeforeNextRequest();

    /** Whether the next response is that to a {@code CONNECT}. */
    boolean isTunnelNext();

    /** Whether the connection was switched to another protocol, whatever its pipeline still looks like. */
    boolean isHttpOver();
}
