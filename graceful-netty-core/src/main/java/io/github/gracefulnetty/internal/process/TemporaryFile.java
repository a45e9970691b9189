// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The names under which sockets and files are made, before they are renamed to where they are looked for. Nobody can guess
 * one, and put something there first. A process that is killed in between leaves a file behind; its name tells whose it was,
 * so that a later process can remove it.
 */
public final class TemporaryFile {
    private static final String PREFIX = ".gn-";

    private static final int PID_DIGITS = 4;
    private static final int RANDOM_DIGITS = 6;

    /** The length of each name, in bytes. Short, as it has to fit a unix address. */
    public static final int MAX_LENGTH = PREFIX.length() + PidNamespace.DIGITS + PID_DIGITS + RANDOM_DIGITS;

    /** A name lasts for one upgrade at most. */
    private static final Duration OLD = Duration.ofHours(1);

    private static final SecureRandom RANDOM = new SecureRandom();

    private static final FileAttribute<?> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private TemporaryFile() {}

    /** Another name in the directory of {@code target}. What is made there is to be made exclusively. */
    public static Path nextTo(Path target) {
        return nextTo(target, PidNamespace.own(), ProcessHandle.current().pid());
    }

    static Path nextTo(Path target, String namespace, long pid) {
        return target.resolveSibling(
                PREFIX + namespace + Digits.of(pid, PID_DIGITS) + Digits.of(RANDOM.nextLong(), RANDOM_DIGITS));
    }

    /**
     * Makes a file next to {@code target} that only this user can read. The caller renames or deletes it.
     *
     * @throws IOException if it cannot be made or written; then nothing is left
     */
    static Path write(Path target, String content) throws IOException {
        Path file = nextTo(target);
        try (FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                attributes(target))) {
            ByteBuffer bytes = ByteBuffer.wrap(content.getBytes(US_ASCII));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            Files.deleteIfExists(file);
            throw e;
        }
        return file;
    }

    private static FileAttribute<?>[] attributes(Path target) {
        return target.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {PRIVATE}
                : new FileAttribute<?>[0];
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
        Owner owner = Owner.of(file);
        if (owner == null) {
            return false;
        }
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return OwnUid.of(file) == OwnUid.get()
                    && owner.isGone(attributes)
                    // Who listens lives.
                    && (attributes.isRegularFile() || UnixSocketFile.probe(file) == UnixSocketFile.Presence.STALE);
        } catch (IOException e) {
            return false; // gone meanwhile, or none of ours
        }
    }

    /** The process that a name tells of. */
    private record Owner(String namespace, long pid) {
        static @Nullable Owner of(Path file) {
            String text = String.valueOf(file.getFileName());
            if (!text.startsWith(PREFIX) || text.length() != MAX_LENGTH) {
                return null;
            }
            int pidAt = PREFIX.length() + PidNamespace.DIGITS;
            long pid = Digits.parse(text.substring(pidAt, pidAt + PID_DIGITS));
            boolean known = pid > 0 && Digits.parse(text.substring(pidAt + PID_DIGITS)) >= 0;
            return known ? new Owner(text.substring(PREFIX.length(), pidAt), pid) : null;
        }

        /** A pid tells nothing in another namespace, on another host or after a restart; there only time does. */
        boolean isGone(BasicFileAttributes attributes) {
            return namespace.equals(PidNamespace.own())
                    ? !OtherProcess.isRunning(pid)
                    : attributes
                            .lastModifiedTime()
                            .toInstant()
                            .isBefore(Instant.now().minus(OLD));
        }
    }
}
