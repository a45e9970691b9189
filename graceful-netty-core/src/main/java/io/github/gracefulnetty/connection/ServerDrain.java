// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.connection;

import io.netty.channel.Channel;
import java.util.Collection;
import java.util.concurrent.CompletionStage;

/**
 * How a server ends that ends its connections itself, as a framework's does: those connections get no {@link DrainEvent},
 * and the drain waits for this server instead. The methods are called one after the other, on a thread that they may block:
 * first {@link #drain}, then either {@link #resume}, after which it may begin again, or {@link #end}. One that does not return
 * holds up the calls that follow it, but no other server, no stop and no upgrade.
 *
 * <p>Whatever one of them throws, an {@link Error} too, is logged and is this server's failure alone: the drain waits for it no
 * longer, and others are told all the same.
 */
public interface ServerDrain {
    /**
     * Ends connections, when a successor serves, or this process was told to stop. No loop accepts another connection, and
     * all that were accepted are registered. The server must still be able to go on: see {@link #resume}.
     *
     * @param connections those of this server that are open
     * @return completes, on any thread, when they have ended. A failure counts as an end, and is logged
     */
    CompletionStage<?> drain(Collection<Channel> connections);

    /**
     * The successor has failed: this process serves again. What was told to end may do so, new connections come, perhaps
     * before this is called.
     */
    void resume();

    /**
     * The drain deadline has passed, and nothing is taken back any more: closes what is left. Called if the connections have
     * not ended by then.
     */
    void force();

    /**
     * Nothing comes back: ends the server.
     *
     * @return completes, on any thread, when that is done
     */
    CompletionStage<?> end();
}
