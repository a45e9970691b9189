// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.activation;

import io.github.gracefulnetty.internal.process.SocketPair;
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
            pair.copy(descriptor).close();
        } finally {
            pair.close();
        }
    }
}
