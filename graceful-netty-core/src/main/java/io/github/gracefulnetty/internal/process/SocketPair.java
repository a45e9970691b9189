// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import io.netty.channel.unix.DomainSocketAddress;
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

    /** A new pair; the caller owns both ends. */
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
        } catch (IOException e) {
            pair.close();
            throw e;
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
        Socket listener = Socket.newSocketDomain();
        try {
            listener.bind(address);
            listener.listen(1);
            Socket near = Socket.newSocketDomain();
            try {
                near.connect(address);
                int far = listener.accept(new byte[128]);
                if (far < 0) {
                    throw new IOException("the kernel did not connect two sockets of this process");
                }
                return new SocketPair(near, new Socket(far));
            } catch (IOException | RuntimeException e) {
                near.close();
                throw e;
            }
        } finally {
            listener.close();
        }
    }

    private static int peerPid(Socket socket) throws IOException {
        ByteBuffer credentials = ByteBuffer.allocateDirect(UCRED_BYTES).order(ByteOrder.nativeOrder());
        socket.getRawOpt(SOL_SOCKET, SO_PEERCRED, credentials);
        return credentials.getInt(0);
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
