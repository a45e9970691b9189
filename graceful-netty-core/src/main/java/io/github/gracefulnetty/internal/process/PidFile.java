// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A file with the pid of the process that serves, for service managers and scripts: everybody may read it. It is written under
 * a temporary name and renamed, so it is never there half-written. It is removed only while it is the one that this process
 * wrote: the text does not tell, as a process in another container may have the same pid. On any thread.
 */
public final class PidFile {
    private final Path path;
    private @Nullable Prepared prepared;
    private @Nullable Identity published;

    /** One that is not in place yet. */
    private record Prepared(Path file, Identity identity) {}

    /** A file, told apart from others of the same name; an inode alone may be used again. */
    private record Identity(@Nullable Object inode, FileTime modified) {
        /** What is there now; links are not followed. */
        static @Nullable Identity of(Path file) throws IOException {
            try {
                BasicFileAttributes attributes =
                        Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                return new Identity(attributes.fileKey(), attributes.lastModifiedTime());
            } catch (NoSuchFileException e) {
                return null;
            }
        }
    }

    public PidFile(Path path) {
        this.path = path.toAbsolutePath().normalize();
    }

    /**
     * Writes it under the temporary name: what can fail, fails now.
     *
     * @throws IOException saying what is wrong with the path, its directory or what is there
     */
    public synchronized void prepare() throws IOException {
        discard();
        try {
            if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                throw new IOException("it is a directory");
            }
            Path directory = path.getParent();
            if (directory != null) {
                OwnDirectory.check(directory, "PID file");
            }
            prepared = write();
        } catch (IOException e) {
            throw new IOException("the PID file " + path + " cannot be written: " + e, e);
        }
    }

    private Prepared write() throws IOException {
        Path file = TemporaryFile.write(path, ProcessHandle.current().pid() + "\n");
        try {
            letEverybodyRead(file);
            Identity identity = Identity.of(file);
            if (identity == null) {
                throw new IOException("somebody has removed " + file);
            }
            return new Prepared(file, identity);
        } catch (IOException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    private static void letEverybodyRead(Path file) throws IOException {
        PosixFileAttributeView view =
                Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        if (view != null) {
            view.setPermissions(PosixFilePermissions.fromString("rw-r--r--"));
        }
    }

    /** Puts it in place, atomically; a link or a file that is there is replaced, a directory is not. */
    public synchronized void publish() throws IOException {
        Prepared next = prepared;
        if (next == null || !next.identity.equals(Identity.of(next.file))) {
            prepare();
            next = Objects.requireNonNull(prepared);
        }
        Files.move(next.file, path, StandardCopyOption.ATOMIC_MOVE);
        published = next.identity;
        prepared = null;
    }

    /** Whether the one that is in place was written by this object. */
    public synchronized boolean isOurs() throws IOException {
        Identity ours = published;
        return ours != null && ours.equals(Identity.of(path));
    }

    /** Removes what processes have left that were killed before it was in place. */
    public void removeOrphans() {
        TemporaryFile.removeOrphans(path);
    }

    /** Removes what is ours of it. */
    public synchronized void remove() throws IOException {
        discard();
        if (isOurs()) {
            Files.deleteIfExists(path);
        }
    }

    private void discard() throws IOException {
        Prepared unused = prepared;
        prepared = null;
        if (unused != null && unused.identity.equals(Identity.of(unused.file))) {
            Files.deleteIfExists(unused.file);
        }
    }
}
