// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A socket of this process that follows the {@link ListenerRegister}, and is handed over. */
interface OpenSocket {
    /** Makes it read, or pause, as the register says now. Completes when its event loop has done so. */
    CompletableFuture<Void> followRegister();

    /** What is handed over; {@code null} if it cannot be. The same object each time. */
    DescriptorSender.@Nullable Item item();

    /** What and where it is, for messages. */
    String describe();

    /** Whether another process owns the path of a unix socket, so that closing must not remove it. */
    void keepPath(boolean keep);

    /** Removes the path of a unix socket, unless another process owns it. On any thread. */
    void removePath();

    /** Stops taking what is new, for good. Completes when that is done. */
    CompletableFuture<Void> closeSocket();

    /** Like {@link #closeSocket}, after what waits in its queue was taken. It must not be paused. */
    CompletableFuture<Void> closeWhenQueueIsEmpty();

    /** Ends it: whoever waits for its end goes on. */
    void end();
}
