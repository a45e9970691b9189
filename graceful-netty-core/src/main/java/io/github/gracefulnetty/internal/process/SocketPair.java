// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import io.github.gracefulnetty.internal.descriptor.UnixSockets;
import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * Two unix stream sockets that are connected to each other, both non-blocking. Netty has no socketpair(2).
 *
 * @param near one end; its owner closes it
 * @param far the other end; its owner closes it
 */
public record SocketPair(Socket near, Socket far) {
    // From <sys/socket.h> of Linux; Netty has no names for them.
    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    private static final int UCRED_BYTES = 12;

    /**
     * A new pair; the caller owns both ends.
     *
     * @throws IOException if there can be none, for want of descriptors for instance; it says why, and nothing is left open
     */
    public static SocketPair open() throws IOException {
        if (PlatformDependent.isOsx()) {
            return openInPrivateDirectory();
        }
        byte[] name = new byte[16];
        new SecureRandom().nextBytes(name);
        SocketPair pair = open(
                new DomainSocketAddress("\0graceful-netty-" + HexFormat.of().formatHex(name)));
        try {
            // Abstract names have no permissions: somebody else may have been faster.
            if (peerPid(pair.far()) != ProcessHandle.current().pid()) {
                throw new IOException("another process connected to a socket that was meant for ourselves");
            }
            return pair;
        } catch (Throwable t) {
            pair.closeBecause(t);
            throw t;
        }
    }

    private static SocketPair openInPrivateDirectory() throws IOException {
        Path directory = Files.createTempDirectory("gn-");
        Path path = directory.resolve("pair");
        try {
            return open(new DomainSocketAddress(path.toString()));
        } finally {
            Files.deleteIfExists(path);
            Files.delete(directory);
        }
    }

    private static SocketPair open(DomainSocketAddress address) throws IOException {
        Socket listener = UnixSockets.stream();
        try {
            listener.bind(address);
            listener.listen(1);
            Socket near = UnixSockets.stream();
            try {
                near.connect(address);
                int far = listener.accept(new byte[128]);
                if (far < 0) {
                    throw new IOException("the kernel did not connect two sockets of this process");
                }
                return new SocketPair(near, UnixSockets.of(far));
            } catch (Throwable t) {
                UnixSockets.closeBecause(t, near);
                throw t;
            }
        } finally {
            listener.close();
        }
    }

    private static int peerPid(Socket socket) throws IOException {
        ByteBuffer credentials = ByteBuffer.allocateDirect(UCRED_BYTES).order(ByteOrder.nativeOrder());
        return NativeCalls.call(() -> {
            socket.getRawOpt(SOL_SOCKET, SO_PEERCRED, credentials);
            return credentials.getInt(0);
        });
    }

    /**
     * A second descriptor of an open file, by sending it to this process itself: Netty has no dup(2). It is non-blocking, and
     * so is the file then, as that belongs to the file. The caller closes it. No event loop reads from it.
     *
     * @throws IOException if there can be none, for want of descriptors for instance
     */
    public FileDescriptor copy(int descriptor) throws IOException {
        if (near.sendFd(descriptor) <= 0) {
            throw new IOException("the kernel takes no more: too many descriptors of this user are on their way");
        }
        int copy = far.recvFd();
        if (copy <= 0) {
            throw new IOException("a descriptor that was sent did not arrive");
        }
        return new FileDescriptor(copy);
    }

    /** Closes both ends, as something else has failed; what fails now, too, is added to that. */
    public void closeBecause(Throwable failure) {
        UnixSockets.closeBecause(failure, near);
        UnixSockets.closeBecause(failure, far);
    }

    /** Closes both ends. */
    public void close() throws IOException {
        try {
            near.close();
        } finally {
            far.close();
        }
    }
}
