// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Set;
import java.util.TreeSet;

/**
 * The locks on byte ranges that this process holds, which are what Java's {@code FileLock} is on Linux. {@code /proc} shows
 * each with the open file through which it was taken, and with no other one of the same file.
 */
final class PosixLocks {
    private static final int KIND = 2;
    private static final int FIRST = 7;
    private static final int LAST = 8;

    private PosixLocks() {}

    /** The descriptors through which exactly this one byte is locked. */
    static Set<Integer> at(long place) throws IOException {
        String number = Long.toString(place);
        Set<Integer> found = new TreeSet<>();
        for (int descriptor : OwnDescriptors.numbers()) {
            for (String line : OwnDescriptors.linesIfOpen(descriptor)) {
                String[] fields = fields(line);
                if (isLock(fields) && fields[FIRST].equals(number) && fields[LAST].equals(number)) {
                    found.add(descriptor);
                }
            }
        }
        return found;
    }

    /**
     * Whether this process holds a lock on a file, through whichever descriptor.
     *
     * @param file as {@link OpenFiles#file} tells it
     */
    static boolean isHeldOn(Object file) throws IOException {
        for (int descriptor : OwnDescriptors.numbers()) {
            if (isFile(descriptor, file)
                    && OwnDescriptors.linesIfOpen(descriptor).stream().anyMatch(line -> isLock(fields(line)))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isFile(int descriptor, Object file) throws IOException {
        try {
            return file.equals(OwnDescriptors.attributes(descriptor).fileKey());
        } catch (NoSuchFileException e) {
            return false; // closed meanwhile
        }
    }

    /** Such as {@code lock: 1: POSIX ADVISORY WRITE 4711 fe:01:2048 0 EOF}. */
    private static String[] fields(String line) {
        return line.split("\\s+", -1);
    }

    private static boolean isLock(String[] fields) {
        return fields.length > LAST && fields[0].equals("lock:") && fields[KIND].equals("POSIX");
    }
}
