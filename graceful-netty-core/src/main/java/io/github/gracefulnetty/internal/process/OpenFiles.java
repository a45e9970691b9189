// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Files and pipes that are open in this process, by their descriptors. Java does not tell the number of a file, Netty
 * cannot open one without emptying it, and what Netty receives loses its flags, append included, for everybody who shares
 * it. So files are opened a second time, through {@code /proc}, which Linux has.
 */
public final class OpenFiles {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final Path INFOS = Path.of("/proc/self/fdinfo");

    private static final int ATTEMPTS = 100;

    // From <fcntl.h> of Linux; octal as in /proc.
    private static final int O_ACCMODE = 03;
    private static final int O_WRONLY = 01;
    private static final int O_RDWR = 02;
    private static final int O_APPEND = 02000;

    private static final int MOST_LOOKS = 10;

    /** Copies that cannot be closed yet, and the file of each; see {@link Reopened#close}. */
    private static final Map<FileChannel, Object> KEPT = new LinkedHashMap<>();

    private OpenFiles() {}

    /** What a descriptor stands for. */
    public enum Type {
        /** A regular file, deleted or not. */
        FILE,
        /** A pipe without a name. */
        PIPE,
        /** Anything else; named pipes, too: to open one may mean to wait for its other end. */
        OTHER
    }

    /**
     * How a descriptor is open.
     *
     * @param offset of the next read or write, in bytes
     */
    public record Info(boolean readable, boolean writable, boolean append, long offset) {}

    /**
     * A file that was opened once more, and how.
     *
     * @param file what the file system calls it, compared only
     * @param locked whether this process held a lock on the file before
     */
    public record Reopened(FileChannel channel, int number, Info info, Object file, boolean locked) {
        /**
         * Closes it, at once if this process holds no lock on the file. By POSIX rules a process loses all its locks on a
         * file as soon as it closes any descriptor of it. So a copy of a locked file stays open until the lock is gone, and is
         * closed when the next copy of any file is made or closed.
         */
        public void close() throws IOException {
            closeUnlessLocked(channel, file, locked);
        }
    }

    /** Whether this system tells. */
    public static boolean supported() {
        return Files.isDirectory(INFOS);
    }

    /** @throws IOException if it is not open, or this system does not tell */
    public static Type type(int descriptor) throws IOException {
        if (Files.isRegularFile(path(descriptor))) {
            return Type.FILE;
        }
        return Files.readSymbolicLink(path(descriptor)).toString().startsWith("pipe:") ? Type.PIPE : Type.OTHER;
    }

    /** @throws IOException if it is not open, or this system does not tell */
    public static Info info(int descriptor) throws IOException {
        long offset = 0;
        int flags = -1;
        for (String line : lines(INFOS.resolve(Integer.toString(descriptor)))) {
            if (line.startsWith("pos:")) {
                offset = Long.parseLong(line.substring(4).strip());
            } else if (line.startsWith("flags:")) {
                flags = (int) Long.parseLong(line.substring(6).strip(), 8);
            }
        }
        if (flags < 0) {
            throw new IOException("this system does not tell how descriptor " + descriptor + " is open");
        }
        int access = flags & O_ACCMODE;
        return new Info(access != O_WRONLY, access == O_WRONLY || access == O_RDWR, (flags & O_APPEND) != 0, offset);
    }

    /**
     * Opens what a descriptor stands for once more, in the same mode and at the same offset; a pipe without waiting for
     * its other end. The caller closes it.
     *
     * @throws IOException if this process may not open it, or the system is not Linux
     */
    public static FileChannel reopen(int descriptor, boolean readable, boolean writable, boolean append, long offset)
            throws IOException {
        Set<OpenOption> options = new HashSet<>();
        // Java can append only to what it does not read.
        boolean appending = append && !readable;
        if (readable) {
            options.add(StandardOpenOption.READ);
        }
        if (writable) {
            options.add(appending ? StandardOpenOption.APPEND : StandardOpenOption.WRITE);
        }
        FileChannel channel = FileChannel.open(path(descriptor), options);
        try {
            if (!appending && type(descriptor) == Type.FILE) {
                channel.position(append ? channel.size() : offset);
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
        Info info = info(descriptor);
        Object file = file(descriptor);
        boolean locked = PosixLocks.isHeldOn(file);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Set<Integer> before = sameFile(descriptor);
            FileChannel channel = reopen(descriptor, info.readable(), info.writable(), info.append(), info.offset());
            try {
                Set<Integer> opened = sameFile(descriptor);
                opened.removeAll(before);
                if (opened.size() == 1) {
                    return new Reopened(channel, opened.iterator().next(), info, file, locked);
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
        if (!supported()) {
            throw new IOException("this system does not tell the number of an open file, only Linux does");
        }
        int number = FileNumber.of(file);
        if (type(number) != Type.FILE) {
            throw new IOException("descriptor " + number + " is no regular file");
        }
        return number;
    }

    /** What the file system calls the file behind a descriptor, compared only. */
    static Object file(int descriptor) throws IOException {
        Object file = attributes(descriptor).fileKey();
        if (file == null) {
            throw new IOException("this system does not tell which file descriptor " + descriptor + " is");
        }
        return file;
    }

    static BasicFileAttributes attributes(int descriptor) throws IOException {
        return Files.readAttributes(path(descriptor), BasicFileAttributes.class);
    }

    /** What is known of a descriptor; {@code null} if it was closed meanwhile. */
    static @Nullable Info infoIfOpen(int descriptor) throws IOException {
        return ifOpen(() -> info(descriptor));
    }

    /** What {@code /proc} says of a descriptor; nothing if it was closed meanwhile. */
    static List<String> linesIfOpen(int descriptor) throws IOException {
        List<String> lines = ifOpen(() -> lines(INFOS.resolve(Integer.toString(descriptor))));
        return lines == null ? List.of() : lines;
    }

    private interface Look<T> {
        T look() throws IOException;
    }

    private static <T> @Nullable T ifOpen(Look<T> look) throws IOException {
        for (int looks = 1; ; looks++) {
            try {
                return look.look();
            } catch (NoSuchFileException e) {
                return null; // closed meanwhile, so it is not the one
            } catch (IOException e) {
                // Closed by another thread when its info was open already: reading it fails, and the next look tells.
                if (looks == MOST_LOOKS) {
                    throw e;
                }
            }
        }
    }

    private static Set<Integer> sameFile(int descriptor) throws IOException {
        Object file = Files.readSymbolicLink(path(descriptor));
        Set<Integer> same = new TreeSet<>();
        for (int number : numbers()) {
            try {
                if (Files.readSymbolicLink(path(number)).equals(file)) {
                    same.add(number);
                }
            } catch (NoSuchFileException e) {
                // closed meanwhile, so it is not the one
            }
        }
        return same;
    }

    /** All descriptors of this process; some may be closed by now. */
    static Set<Integer> numbers() throws IOException {
        Set<Integer> numbers = new TreeSet<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path descriptor : descriptors) {
                numbers.add(Integer.parseInt(String.valueOf(descriptor.getFileName())));
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return numbers;
    }

    private static List<String> lines(Path info) throws IOException {
        try {
            return Files.readAllLines(info);
        } catch (NoSuchFileException e) {
            throw supported() ? e : new IOException("this system does not tell how files are open, only Linux does", e);
        }
    }

    private static Path path(int descriptor) {
        return DESCRIPTORS.resolve(Integer.toString(descriptor));
    }
}
