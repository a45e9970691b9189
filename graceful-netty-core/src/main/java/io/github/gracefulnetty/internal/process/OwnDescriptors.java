// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import io.github.gracefulnetty.internal.descriptor.FileMode;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What {@code /proc} of Linux says of the descriptors of this process. */
public final class OwnDescriptors {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final Path INFOS = Path.of("/proc/self/fdinfo");

    // From <fcntl.h> of Linux; octal as in /proc.
    private static final int O_ACCMODE = 03;
    private static final int O_WRONLY = 01;
    private static final int O_RDWR = 02;
    private static final int O_APPEND = 02000;

    private static final int MOST_LOOKS = 10;

    private OwnDescriptors() {}

    /** What a descriptor stands for. */
    public enum Type {
        /** A regular file, deleted or not. */
        FILE,
        /** A pipe without a name. */
        PIPE,
        /** Anything else; named pipes, too: to open one may mean to wait for its other end. */
        OTHER
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
    public static FileMode mode(int descriptor) throws IOException {
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
        return new FileMode(
                access != O_WRONLY, access == O_WRONLY || access == O_RDWR, (flags & O_APPEND) != 0, offset);
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

    /** How a descriptor is open; {@code null} if it was closed meanwhile. */
    static @Nullable FileMode modeIfOpen(int descriptor) throws IOException {
        return ifOpen(() -> mode(descriptor));
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

    static List<String> lines(Path info) throws IOException {
        try {
            return Files.readAllLines(info);
        } catch (NoSuchFileException e) {
            throw supported() ? e : new IOException("this system does not tell how files are open, only Linux does", e);
        }
    }

    static Path path(int descriptor) {
        return DESCRIPTORS.resolve(Integer.toString(descriptor));
    }
}
