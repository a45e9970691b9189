// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import java.time.Duration;
import java.util.function.IntUnaryOperator;

/** Says how many descriptors are here: not for each of them, but soon. On one event loop. */
final class Acknowledgements {
    /** The predecessor, too, gives up on whom it does not hear: a user that takes long for each must not look silent. */
    private static final long MAX_UNACKNOWLEDGED_NANOS = Duration.ofMillis(10).toNanos();

    private final DescriptorReceiver receiver;
    private final MessageHandler messages;
    private final IntUnaryOperator used;
    private int acknowledged;
    private long acknowledgedNanos;

    /** @param used how many of the first so many may be acknowledged */
    Acknowledgements(DescriptorReceiver receiver, MessageHandler messages, IntUnaryOperator used) {
        this.used = used;
        this.receiver = receiver;
        this.messages = messages;
    }

    /** Whether it is time to say it, even if more is about to be read. */
    boolean isDue() {
        return receiver.isComplete()
                || here() - acknowledged >= MessageCodec.STEP
                || System.nanoTime() - acknowledgedNanos >= MAX_UNACKNOWLEDGED_NANOS;
    }

    private int here() {
        return used.applyAsInt(receiver.count());
    }

    /** Writes how many are here, if that is new; does not flush. */
    boolean write() {
        int here = here();
        if (here == acknowledged) {
            return false;
        }
        acknowledged = here;
        acknowledgedNanos = System.nanoTime();
        messages.write(new Message.Received(acknowledged));
        return true;
    }
}
