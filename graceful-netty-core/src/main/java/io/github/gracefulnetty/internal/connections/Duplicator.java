// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.internal.process.SocketPair;
import io.github.gracefulnetty.internal.transfer.DescriptorReceiver;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;

/**
 * Makes second descriptors of open files by sending them to this process itself: Netty has no dup(2). Such a copy belongs
 * to no channel and no event loop, so nothing is read from it, whatever the client does. On one event loop.
 */
final class Duplicator {
    private final SocketPair pair;

    Duplicator() throws IOException {
        pair = SocketPair.open();
    }

    /**
     * A copy; the caller closes it.
     *
     * @throws IOException if there can be none, for want of descriptors for instance; it says why
     */
    FileDescriptor duplicate(FileDescriptor descriptor) throws IOException {
        if (pair.near().sendFd(descriptor.intValue()) <= 0) {
            throw new IOException("too many descriptors of this user are on their way");
        }
        int copy = receive();
        if (copy <= 0) {
            throw new IOException("a descriptor that was sent did not arrive");
        }
        return new FileDescriptor(copy);
    }

    private int receive() throws IOException {
        try {
            return pair.far().recvFd();
        } catch (IOException e) {
            throw new IOException(DescriptorReceiver.whyNotReceived(e), e);
        }
    }

    void close() throws IOException {
        pair.close();
    }
}
