// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.gracefulnetty.internal.descriptor.UnixSockets;
import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.Socket;
import io.netty.util.internal.PlatformDependent;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/**
 * The file of a unix socket, told apart from a later one of the same name by its inode.
 *
 * @param path where it is
 * @param inode what the file system calls it, compared only
 */
public record UnixSocketFile(Path path, Object inode) {
    /** The longest path that fits a unix address, in bytes: sun_path less a NUL. It is shorter on macOS. */
    private static final int MAX_PATH_BYTES = PlatformDependent.isOsx() ? 103 : 107;

    /** What is found at a path. */
    public enum Presence {
        /** Nothing is there. */
        ABSENT,
        /** A socket is there that nobody listens on any more. */
        STALE,
        /** Somebody listens there. */
        ALIVE
    }

    /** The file that is at {@code path} now, if it is one of those that can be told apart. */
    public static Optional<UnixSocketFile> at(Path path) {
        try {
            Object inode = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .fileKey();
            return inode == null ? Optional.empty() : Optional.of(new UnixSocketFile(path, inode));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Whether the path still leads to this very file. */
    public boolean isInPlace() {
        // Not equals(): what a record makes of that takes a young JVM 20 ms, just when a successor begins to accept.
        Optional<UnixSocketFile> now = at(path);
        return now.isPresent() && now.get().inode.equals(inode);
    }

    /** Removes the file if it is still this one; somebody else's is left alone. */
    public void removeIfInPlace() throws IOException {
        if (isInPlace()) {
            Files.deleteIfExists(path);
        }
    }

    /**
     * Looks whether somebody listens at {@code path}, by connecting to it.
     *
     * @throws IOException if something other than a socket is there, or it cannot be connected to
     */
    public static Presence probe(Path path) throws IOException {
        return probe(path, UnixSockets::stream);
    }

    /** Like {@link #probe}, for datagram sockets. */
    public static Presence probeDatagram(Path path) throws IOException {
        return probe(path, UnixSockets::datagram);
    }

    private static Presence probe(Path path, NativeCalls.Call<Socket> kind) throws IOException {
        try {
            checkIsSocket(path);
        } catch (NoSuchFileException e) {
            return Presence.ABSENT;
        }
        Socket socket = kind.make();
        try {
            socket.connect(new DomainSocketAddress(path.toString()));
            return Presence.ALIVE;
        } catch (FileNotFoundException e) {
            return Presence.ABSENT;
        } catch (ConnectException e) {
            if (isRefusal(e)) {
                return Presence.STALE;
            }
            throw new IOException("unix:" + path + " cannot be connected to: " + e.getMessage(), e);
        } finally {
            socket.close();
        }
    }

    /** @throws IOException if something other than a socket is at {@code path}; links are not followed */
    public static void checkIsSocket(Path path) throws IOException {
        BasicFileAttributes attributes =
                Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!attributes.isOther()) {
            throw new IOException("unix:" + path + " is a " + kindOf(attributes) + ", not a socket: refused");
        }
    }

    /** Whether the kernel said ECONNREFUSED: there is a socket file, and nobody listens. */
    public static boolean isRefusal(Throwable failure) {
        return failure instanceof ConnectException
                && String.valueOf(failure.getMessage()).contains("error(" + Errors.ERROR_ECONNREFUSED_NEGATIVE + ")");
    }

    /** @throws IOException if a unix address cannot hold {@code path} with {@code extra} more bytes */
    public static void checkLength(Path path, int extra) throws IOException {
        int length = path.toString().getBytes(UTF_8).length;
        if (length + extra > MAX_PATH_BYTES) {
            throw new IOException("unix:" + path + " has " + length + " bytes, a unix address allows at most "
                    + (MAX_PATH_BYTES - extra) + " here: choose a shorter path");
        }
    }

    private static String kindOf(BasicFileAttributes attributes) {
        if (attributes.isDirectory()) {
            return "directory";
        }
        return attributes.isSymbolicLink() ? "symbolic link" : "regular file";
    }
}
