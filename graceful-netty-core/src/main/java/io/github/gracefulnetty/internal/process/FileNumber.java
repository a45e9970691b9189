// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import io.github.gracefulnetty.internal.descriptor.FileMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.NoSuchFileException;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Which descriptor a {@link FileChannel} has. Java does not tell. A lock of one byte that is taken through the channel shows
 * in {@code /proc}, beside its descriptor and no other. Where there are no locks, all other descriptors are ruled out: they
 * are of another size, at another offset, or open in another mode. Neither moves the offset, as another thread may be writing
 * there.
 */
final class FileNumber {
    /** Far behind the end of every file. */
    private static final long FIRST_PLACE = 1L << 62;

    /** Each another place: somebody may hold one, or close the file elsewhere, which drops the lock. */
    private static final int PLACES = 4;

    private static final int LOOKS = 100;

    private FileNumber() {}

    static int of(FileChannel file) throws IOException {
        Set<Integer> found = byLock(file);
        if (found.isEmpty()) {
            found = byExclusion(file);
        }
        if (found.isEmpty()) {
            throw new IOException("cannot tell which descriptor is meant: " + NO_LOCK
                    + ", and the file is read or written all the time. Hand it over before that begins");
        }
        if (found.size() > 1) {
            throw new IOException("cannot tell which descriptor is meant, " + found + " might be: they share an open"
                    + " file, or " + NO_LOCK + " and they are alike");
        }
        return found.iterator().next();
    }

    private static final String NO_LOCK = "this file system has no locks, or somebody holds one on the whole file";

    private static Set<Integer> byLock(FileChannel file) throws IOException {
        for (int attempt = 0; attempt < PLACES; attempt++) {
            long place = ThreadLocalRandom.current().nextLong(FIRST_PLACE, Long.MAX_VALUE - 1);
            try (FileLock lock = lock(file, place)) {
                Set<Integer> found = lock == null ? Set.of() : PosixLocks.at(place);
                if (!found.isEmpty()) {
                    return found;
                }
            }
        }
        return Set.of();
    }

    /** A lock, shared if possible, as that disturbs fewer; {@code null} if it cannot be had. */
    private static @Nullable FileLock lock(FileChannel file, long place) throws IOException {
        try {
            return tryLock(file, place);
        } catch (ClosedChannelException e) {
            throw e;
        } catch (OverlappingFileLockException e) {
            return null; // this process has locked that place
        } catch (IOException e) {
            return null; // such as ENOLCK: the file system has none
        }
    }

    private static @Nullable FileLock tryLock(FileChannel file, long place) throws IOException {
        try {
            return file.tryLock(place, 1, true);
        } catch (NonReadableChannelException e) {
            return file.tryLock(place, 1, false);
        }
    }

    /** Those that may be meant: the right one is among them. None if the file changes all the time. */
    private static Set<Integer> byExclusion(FileChannel file) throws IOException {
        boolean readable = isReadable(file);
        boolean writable = isWritable(file);
        for (int look = 0; look < LOOKS; look++) {
            long size = file.size();
            long position = file.position();
            Set<Integer> alike = new TreeSet<>();
            for (int number : OwnDescriptors.numbers()) {
                FileMode mode = OwnDescriptors.modeIfOpen(number);
                if (mode != null
                        && mode.readable() == readable
                        && mode.writable() == writable
                        && isAt(mode, position, size)
                        && isFileOf(number, size)) {
                    alike.add(number);
                }
            }
            if (file.size() == size && file.position() == position) {
                return alike;
            }
        }
        return Set.of();
    }

    /** Java takes the end of a file for the position of a channel that appends, whatever the offset is. */
    private static boolean isAt(FileMode mode, long position, long size) {
        return mode.append() ? position == size : position == mode.offset();
    }

    private static boolean isFileOf(int number, long size) throws IOException {
        try {
            BasicFileAttributes attributes = OwnDescriptors.attributes(number);
            return attributes.isRegularFile() && attributes.size() == size;
        } catch (NoSuchFileException e) {
            return false; // closed meanwhile
        }
    }

    /** Reading nothing is no call of the system. */
    private static boolean isReadable(FileChannel file) throws IOException {
        try {
            return file.read(ByteBuffer.allocate(0)) <= 0;
        } catch (NonReadableChannelException e) {
            return false;
        }
    }

    private static boolean isWritable(FileChannel file) throws IOException {
        try {
            return file.write(ByteBuffer.allocate(0)) <= 0;
        } catch (NonWritableChannelException e) {
            return false;
        }
    }
}
