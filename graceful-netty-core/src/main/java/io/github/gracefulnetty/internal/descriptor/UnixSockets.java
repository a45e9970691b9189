// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.descriptor;

import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;

/** Unix sockets that are no channels. On any thread. */
public final class UnixSockets {
    private UnixSockets() {}

    /**
     * A stream socket, neither bound nor connected. The caller closes it.
     *
     * @throws IOException if there can be none; it says why
     */
    public static Socket stream() throws IOException {
        return NativeCalls.call(Socket::newSocketDomain);
    }

    /**
     * A datagram socket, neither bound nor connected. The caller closes it.
     *
     * @throws IOException if there can be none; it says why
     */
    public static Socket datagram() throws IOException {
        return NativeCalls.call(Socket::newSocketDomainDgram);
    }

    /**
     * The socket that a descriptor stands for, which it owns from now on. The caller closes it.
     *
     * @throws IOException if it is none; the descriptor is closed then
     */
    public static Socket of(int descriptor) throws IOException {
        try {
            return NativeCalls.call(() -> new Socket(descriptor));
        } catch (Throwable t) {
            closeBecause(t, new FileDescriptor(descriptor));
            throw t;
        }
    }

    /** Closes {@code descriptor}, as something else has failed; what fails now, too, is added to that. */
    public static void closeBecause(Throwable failure, FileDescriptor descriptor) {
        try {
            descriptor.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }
}
