// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import io.github.gracefulnetty.internal.descriptor.FileMode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Files and pipes that are open in this process, by their descriptors. Java does not tell the number of a file, Netty
 * cannot open one without emptying it, and what Netty receives loses its flags, append included, for everybody who shares
 * it. So files are opened a second time, through {@code /proc}, which Linux has.
 */
public final class OpenFiles {

    private static final int ATTEMPTS = 100;

    /** Copies that cannot be closed yet, and the file of each; see {@link Reopened#close}. */
    private static final Map<FileChannel, Object> KEPT = new LinkedHashMap<>();

    private OpenFiles() {}

    /**
     * A file that was opened once more, and how.
     *
     * @param file what the file system calls it, compared only
     * @param locked whether this process held a lock on the file before
     */
    public record Reopened(FileChannel channel, int number, FileMode mode, Object file, boolean locked) {
        /**
         * Closes it, at once if this process holds no lock on the file. By POSIX rules a process loses all its locks on a
         * file as soon as it closes any descriptor of it. So a copy of a locked file stays open until the lock is gone, and is
         * closed when the next copy of any file is made or closed.
         */
        public void close() throws IOException {
            closeUnlessLocked(channel, file, locked);
        }
    }

    /**
     * Opens what a descriptor stands for once more, in the same mode and at the same offset; a pipe without waiting for
     * its other end. The caller closes it.
     *
     * @throws IOException if this process may not open it, or the system is not Linux
     */
    public static FileChannel reopen(int descriptor, FileMode mode) throws IOException {
        Set<OpenOption> options = new HashSet<>();
        // Java can append only to what it does not read.
        boolean appending = mode.append() && !mode.readable();
        if (mode.readable()) {
            options.add(StandardOpenOption.READ);
        }
        if (mode.writable()) {
            options.add(appending ? StandardOpenOption.APPEND : StandardOpenOption.WRITE);
        }
        FileChannel channel = FileChannel.open(OwnDescriptors.path(descriptor), options);
        try {
            if (!appending && OwnDescriptors.type(descriptor) == OwnDescriptors.Type.FILE) {
                channel.position(mode.append() ? channel.size() : mode.offset());
            }
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Like {@link #reopen}, as the descriptor is open now, and tells the number of what was opened. */
    public static synchronized Reopened reopen(int descriptor) throws IOException {
        sweep();
        FileMode mode = OwnDescriptors.mode(descriptor);
        Object file = OwnDescriptors.file(descriptor);
        boolean locked = PosixLocks.isHeldOn(file);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Set<Integer> before = sameFile(descriptor);
            FileChannel channel = reopen(descriptor, mode);
            try {
                Set<Integer> opened = sameFile(descriptor);
                opened.removeAll(before);
                if (opened.size() == 1) {
                    return new Reopened(channel, opened.iterator().next(), mode, file, locked);
                }
            } catch (Throwable t) {
                closeUnlessLocked(channel, file, locked);
                throw t;
            }
            closeUnlessLocked(channel, file, locked); // somebody opened or received the same one at this very moment
        }
        throw new IOException("cannot tell which descriptor is meant: others open the same file all the time");
    }

    private static synchronized void closeUnlessLocked(FileChannel copy, Object file, boolean locked)
            throws IOException {
        if (holdsLock(file, locked)) {
            KEPT.put(copy, file);
        } else {
            copy.close();
        }
        sweep();
    }

    private static void sweep() throws IOException {
        for (Map.Entry<FileChannel, Object> kept : List.copyOf(KEPT.entrySet())) {
            if (!holdsLock(kept.getValue(), true)) {
                KEPT.remove(kept.getKey());
                kept.getKey().close();
            }
        }
    }

    /** @param otherwise the answer if no descriptor is left to look with */
    private static boolean holdsLock(Object file, boolean otherwise) {
        try {
            return PosixLocks.isHeldOn(file);
        } catch (IOException e) {
            return otherwise;
        }
    }

    /**
     * The number of an open file. Its offset and its bytes are left alone, and others may read and write through {@code file}
     * meanwhile. A lock of one byte is there for a moment, near the end of what can be locked: who asks for a lock on the
     * whole file just then does not get it.
     *
     * @throws IOException if it is no regular file, the system is not Linux, or neither a lock nor anything else tells
     */
    public static synchronized int number(FileChannel file) throws IOException {
        if (!OwnDescriptors.supported()) {
            throw new IOException("this system does not tell the number of an open file, only Linux does");
        }
        int number = FileNumber.of(file);
        if (OwnDescriptors.type(number) != OwnDescriptors.Type.FILE) {
            throw new IOException("descriptor " + number + " is no regular file");
        }
        return number;
    }

    private static Set<Integer> sameFile(int descriptor) throws IOException {
        Object file = Files.readSymbolicLink(OwnDescriptors.path(descriptor));
        Set<Integer> same = new TreeSet<>();
        for (int number : OwnDescriptors.numbers()) {
            try {
                if (Files.readSymbolicLink(OwnDescriptors.path(number)).equals(file)) {
                    same.add(number);
                }
            } catch (NoSuchFileException e) {
                // closed meanwhile, so it is not the one
            }
        }
        return same;
    }
}
