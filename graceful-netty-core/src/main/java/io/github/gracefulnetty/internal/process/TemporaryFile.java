// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The names under which sockets and files are made, before they are renamed to where they are looked for. A process that
 * is killed in between leaves one behind; its name tells whose it was, so that a later process can remove it.
 */
public final class TemporaryFile {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance("io.github.gracefulnetty.Graceful");

    private static final String PREFIX = ".gn-";
    private static final int RADIX = 36;

    /** Digits of the largest pid that Linux gives, and one of a counter. */
    private static final int DIGITS = 5 + 1;

    /** The longest name, in bytes. */
    public static final int MAX_LENGTH = PREFIX.length() + DIGITS;

    private static final AtomicInteger COUNT = new AtomicInteger();

    private TemporaryFile() {}

    /** Another name in the directory of {@code target}. */
    public static Path nextTo(Path target) {
        String pid = Long.toString(ProcessHandle.current().pid(), RADIX);
        int count = Math.floorMod(COUNT.getAndIncrement(), RADIX);
        return target.resolveSibling(PREFIX + pid + Integer.toString(count, RADIX));
    }

    /** Removes what processes of our user that are gone have left in the directory of {@code target}. */
    public static void removeOrphans(Path target) {
        Path directory = target.getParent();
        if (directory == null) {
            return;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, TemporaryFile::isOrphan)) {
            for (Path orphan : files) {
                LOGGER.info("graceful-netty: removing {}, left by a process that was killed", orphan);
                Files.deleteIfExists(orphan);
            }
        } catch (IOException | DirectoryIteratorException e) {
            LOGGER.debug("graceful-netty: cannot look for what is left in {}: {}", directory, e.toString());
        }
    }

    private static boolean isOrphan(Path file) {
        Path name = file.getFileName();
        String text = name == null ? "" : name.toString();
        if (!text.startsWith(PREFIX) || text.length() < PREFIX.length() + 2 || text.length() > MAX_LENGTH) {
            return false;
        }
        try {
            long pid = Long.parseLong(text.substring(PREFIX.length(), text.length() - 1), RADIX);
            BasicFileAttributes attributes =
                    Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            boolean ours = OwnUid.of(file) == OwnUid.get();
            // A pid of another container means nothing here; but who listens lives.
            return ours
                    && !OtherProcess.isRunning(pid)
                    && (attributes.isRegularFile() || UnixSocketFile.probe(file) == UnixSocketFile.Presence.STALE);
        } catch (IOException | NumberFormatException e) {
            return false; // gone meanwhile, or none of ours
        }
    }
}
