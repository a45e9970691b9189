// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.ChannelPipeline;

/**
 * A protocol of accepted connections, and how they end. What a pipeline speaks is decided by what is in it when that is
 * asked, wherever it came from. Everything on the connection's event loop.
 */
public interface Protocol {
    /** For reports. */
    String name();

    /** Whether this pipeline speaks it now. Right when the connection ends, its pipeline is still there. */
    boolean isSpokenIn(ChannelPipeline pipeline);

    /** Whether nothing was in progress when the connection was told to end, and nothing has begun since. */
    default boolean isIdleSinceTold(ChannelPipeline pipeline) {
        return false;
    }

    /** Begins to end the connection; {@code false} if this pipeline does not speak it, or not yet. */
    boolean end(ChannelPipeline pipeline);

    /** A close does not wait for anything any more. */
    default void cut(ChannelPipeline pipeline) {}
}
