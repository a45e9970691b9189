// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.activation;

import io.github.gracefulnetty.internal.process.SocketPair;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;

/**
 * Makes a descriptor non-blocking. Netty has no fcntl, but receiving a descriptor sets the flag, and the flag belongs to
 * the open file, which all copies share: so the descriptor is sent to ourselves and the copy closed.
 */
final class NonBlocking {
    private NonBlocking() {}

    /** The descriptor stays the caller's. */
    static void ensure(int descriptor) throws IOException {
        SocketPair pair = SocketPair.open();
        try {
            if (pair.near().sendFd(descriptor) <= 0) {
                throw new IOException("the kernel did not take the descriptor");
            }
            int copy = pair.far().recvFd();
            if (copy <= 0) {
                throw new IOException("the descriptor did not come back");
            }
            new FileDescriptor(copy).close();
        } finally {
            pair.close();
        }
    }
}
