// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.migration;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.OwnedDescriptor;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.netty.channel.unix.FileDescriptor;
import java.util.List;

/**
 * A connection on its way. Its channel is closed; what is left of it here is a copy of its descriptor, which nobody reads.
 *
 * @param copy closed when the successor has it; adopted if it comes back
 */
record Move(Description description, Luggage luggage, Bytes metadata, FileDescriptor copy)
        implements DescriptorSender.Item {
    @Override
    public FileDescriptor descriptor() {
        return copy;
    }

    /** The copy, for whoever owns it now. */
    OwnedDescriptor owned() {
        return new OwnedDescriptor(copy);
    }

    void closeCopy() {
        owned().close();
    }

    static void closeCopies(List<Move> moves) {
        moves.forEach(Move::closeCopy);
    }
}
