// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.OwnedDescriptor;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.netty.channel.unix.FileDescriptor;

/**
 * A connection on its way. Its channel is closed; what is left of it here is a copy of its descriptor, which nobody reads.
 *
 * @param connection what it was here
 * @param protocol what is spoken on it, for reports
 * @param metadata its luggage, see {@link Luggage}
 * @param copy closed when the successor has it; adopted if it comes back
 */
record Move(Connection connection, Description description, String protocol, Bytes metadata, FileDescriptor copy)
        implements DescriptorSender.Item {
    @Override
    public FileDescriptor descriptor() {
        return copy;
    }

    /** The copy, for whoever owns it now. */
    OwnedDescriptor owned() {
        return new OwnedDescriptor(copy);
    }

    /** In which column of the report it ends. */
    void settle(Ledger.Column column) {
        connection.settle(protocol, column);
    }
}
