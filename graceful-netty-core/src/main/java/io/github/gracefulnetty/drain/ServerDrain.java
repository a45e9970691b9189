// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.drain;

import io.netty.channel.Channel;
import java.util.Collection;
import java.util.concurrent.CompletionStage;

/**
 * How a server ends that ends its connections itself, as a framework's does: those connections get no {@link DrainEvent},
 * and the drain waits for this server instead.
 */
public interface ServerDrain {
    /**
     * Begins, when a successor serves, or this process was told to stop. No loop accepts another connection, and all that
     * were accepted are registered. Called once on a thread of graceful-netty, which must not be blocked.
     *
     * @param connections those of this server that are open
     * @return completes, on any thread, when the server has ended. A failure counts as an end, and is logged
     */
    CompletionStage<?> drain(Collection<Channel> connections);

    /** The drain deadline has passed: closes what is left. Called once, on the same thread, if it has not ended by then. */
    void force();
}
