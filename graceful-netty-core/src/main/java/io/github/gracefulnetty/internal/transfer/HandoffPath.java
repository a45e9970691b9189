// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.github.gracefulnetty.internal.descriptor.UnixSockets;
import io.github.gracefulnetty.internal.process.OwnDirectory;
import io.github.gracefulnetty.internal.process.OwnUid;
import io.github.gracefulnetty.internal.process.TemporaryFile;
import io.github.gracefulnetty.internal.process.UnixSocketFile;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The path where a process can be found by its successor. The socket is bound under a temporary name, made private, and
 * only then put in place, so that it is never there half-made; it is removed only while it is still ours.
 */
public final class HandoffPath {
    private static final int BACKLOG = 1024;

    private final Path path;
    private final Path temporary;
    private volatile @Nullable UnixSocketFile file;
    private volatile boolean inPlace;

    public HandoffPath(Path path) {
        this.path = path.toAbsolutePath().normalize();
        this.temporary = TemporaryFile.nextTo(this.path);
    }

    public Path path() {
        return path;
    }

    /**
     * Checks that a handoff socket may be used at this path.
     *
     * @throws IOException saying what is wrong with the path, its directory or what is there
     */
    public void check() throws IOException {
        Path directory = path.getParent();
        if (directory == null || path.getFileName() == null) {
            throw new IOException("unix:" + path + " is not the path of a file");
        }
        int room = Math.max(
                0, TemporaryFile.MAX_LENGTH - path.getFileName().toString().length());
        UnixSocketFile.checkLength(path, room);
        if (!Files.isDirectory(directory)) {
            throw new IOException("unix:" + path + ": the directory " + directory + " does not exist: create it");
        }
        try {
            OwnDirectory.check(directory, "socket");
        } catch (IOException e) {
            throw new IOException("unix:" + path + ": " + e.getMessage(), e);
        }
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            UnixSocketFile.checkIsSocket(path);
            int owner = OwnUid.of(path);
            int own = OwnUid.get();
            if (owner != own) {
                throw new IOException(
                        "unix:" + path + " belongs to uid " + owner + ", we are uid " + own + ": refused");
            }
        }
        if (!Files.isWritable(directory)) {
            throw new IOException("unix:" + path + ": we may not write to the directory " + directory);
        }
    }

    /**
     * A channel for the socket, to be registered and then completed by {@link #bind}. Bound under the temporary name and
     * made private before it listens, where the transport can adopt such a socket. The caller closes it.
     *
     * @throws IOException if that is not possible; it says why, and nothing is left open or in the directory
     */
    public ServerChannel open(NativeTransport transport) throws IOException {
        if (!transport.canAdopt(DescriptorKind.UNIX_LISTENER)) {
            return (ServerChannel) transport.open(DescriptorKind.UNIX_LISTENER, null);
        }
        try {
            Socket socket = UnixSockets.stream();
            try {
                socket.bind(new DomainSocketAddress(temporary.toString()));
                makePrivate();
                socket.listen(BACKLOG);
                return (ServerChannel) transport.adopt(DescriptorKind.UNIX_LISTENER, socket.intValue());
            } catch (Throwable t) {
                UnixSockets.closeBecause(t, socket);
                Files.deleteIfExists(temporary);
                throw t;
            }
        } catch (IOException e) {
            throw new IOException("unix:" + path + " cannot be bound: " + Reasons.of(e), e);
        }
    }

    /**
     * Binds what {@link #open} could not bind, on the channel's loop. That one listens for a moment before it is private,
     * but under the temporary name only, and its close removes that name only.
     */
    public void bind(ServerChannel channel) throws IOException {
        if (file != null) {
            return;
        }
        ChannelFuture bound = channel.bind(new DomainSocketAddress(temporary.toString()));
        if (!bound.isSuccess()) {
            channel.close();
            throw new IOException("unix:" + path + " cannot be bound: " + bound.cause(), bound.cause());
        }
        makePrivate();
    }

    private void makePrivate() throws IOException {
        Files.setPosixFilePermissions(
                temporary, Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));
        Optional<UnixSocketFile> bound = UnixSocketFile.at(temporary);
        if (bound.isEmpty()) {
            throw new IOException("unix:" + temporary + " vanished as soon as it was bound");
        }
        file = new UnixSocketFile(path, bound.get().inode());
    }

    /** Puts the socket in place, where nothing may be, or only what nobody listens on any more. */
    public void publishFresh() throws IOException {
        try {
            Files.createLink(path, temporary);
            Files.delete(temporary);
            inPlace = true;
        } catch (FileAlreadyExistsException e) {
            if (UnixSocketFile.probe(path) == UnixSocketFile.Presence.ALIVE) {
                throw new IOException("unix:" + path + ": somebody listens there already", e);
            }
            publishOverPredecessor();
        }
    }

    /** Puts the socket in the place of the predecessor's, atomically: there is always one. */
    public void publishOverPredecessor() throws IOException {
        Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
        inPlace = true;
    }

    /** Whether the path leads to our socket. */
    public boolean isOurs() {
        UnixSocketFile ours = file;
        return ours != null && ours.isInPlace();
    }

    /** Removes what is still ours. */
    public void remove() throws IOException {
        UnixSocketFile ours = file;
        if (ours != null) {
            if (inPlace) {
                ours.removeIfInPlace();
            } else {
                new UnixSocketFile(temporary, ours.inode()).removeIfInPlace();
            }
        }
    }
}
