// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import java.time.Duration;

/** Says how many descriptors are here: not for each of them, but soon. On one event loop. */
final class Acknowledgements {
    /** The predecessor, too, gives up on whom it does not hear: a user that takes long for each must not look silent. */
    private static final long MAX_UNACKNOWLEDGED_NANOS = Duration.ofMillis(10).toNanos();

    private final DescriptorReceiver receiver;
    private final MessageHandler messages;
    private int acknowledged;
    private long acknowledgedNanos;

    Acknowledgements(DescriptorReceiver receiver, MessageHandler messages) {
        this.receiver = receiver;
        this.messages = messages;
    }

    /** Whether it is time to say it, even if more is about to be read. */
    boolean isDue() {
        return receiver.isComplete()
                || receiver.count() - acknowledged >= MessageCodec.STEP
                || System.nanoTime() - acknowledgedNanos >= MAX_UNACKNOWLEDGED_NANOS;
    }

    /** Writes how many are here, if that is new; does not flush. */
    boolean write() {
        if (receiver.count() == acknowledged) {
            return false;
        }
        acknowledged = receiver.count();
        acknowledgedNanos = System.nanoTime();
        messages.write(new Message.Received(acknowledged));
        return true;
    }
}
