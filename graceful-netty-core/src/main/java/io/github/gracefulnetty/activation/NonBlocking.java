// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.activation;

import io.github.gracefulnetty.handoff.Token;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;

/**
 * Makes a descriptor non-blocking. Netty has no fcntl, but receiving a descriptor sets the flag, and the flag belongs to
 * the open file, which all copies share: so the descriptor is sent to ourselves and the copy closed.
 */
final class NonBlocking {
    private NonBlocking() {}

    /** The descriptor stays the caller's. */
    static void ensure(int descriptor) throws IOException {
        Socket listener = Socket.newSocketDomain();
        Socket sender = Socket.newSocketDomain();
        try {
            DomainSocketAddress address =
                    new DomainSocketAddress("\0graceful-netty-" + Token.random().hex());
            listener.bind(address);
            listener.listen(1);
            sender.connect(address);
            Socket receiver = new Socket(listener.accept(new byte[128]));
            try {
                if (sender.sendFd(descriptor) <= 0) {
                    throw new IOException("the kernel did not take the descriptor");
                }
                int copy = receiver.recvFd();
                if (copy <= 0) {
                    throw new IOException("the descriptor did not come back");
                }
                new FileDescriptor(copy).close();
            } finally {
                receiver.close();
            }
        } finally {
            sender.close();
            listener.close();
        }
    }
}
