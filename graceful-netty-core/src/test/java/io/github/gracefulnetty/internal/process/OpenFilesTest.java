// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that closes a descriptor of a file loses all its locks on that file: copies must not cost the application's. */
class OpenFilesTest {
    @TempDir
    Path directory;

    private Path path;

    @BeforeEach
    void write() throws IOException {
        assumeTrue(OwnDescriptors.supported(), "only Linux tells how files are open");
        path = Files.writeString(directory.resolve("file"), "0123456789");
    }

    private FileChannel open() throws IOException {
        return FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /** What the kernel does with any other channel of a locked file; Java goes on to believe in its lock. */
    @Test
    void shouldLoseALockWhenSomebodyClosesAnotherChannelOfTheFile() throws IOException {
        try (FileChannel file = open()) {
            FileLock lock = file.lock();
            Object key = OwnDescriptors.file(OpenFiles.number(file));
            assertThat(PosixLocks.isHeldOn(key)).isTrue();
            open().close();
            assertThat(PosixLocks.isHeldOn(key)).isFalse();
            assertThat(lock.isValid()).isTrue();
        }
    }

    @Test
    void shouldKeepTheLockOfAFileOfWhichACopyWasMade() throws IOException {
        try (FileChannel file = open()) {
            int number = OpenFiles.number(file);
            FileLock lock = file.lock(0, 1, false);
            OpenFiles.Reopened copy = OpenFiles.reopen(number);
            copy.close();
            assertThat(PosixLocks.isHeldOn(copy.file())).isTrue();
            assertThat(copy.channel().isOpen()).isTrue();
            lock.release();
            OpenFiles.Reopened next = OpenFiles.reopen(number);
            assertThat(copy.channel().isOpen())
                    .as("the copy, when the lock is gone")
                    .isFalse();
            next.close();
            assertThat(next.channel().isOpen()).isFalse();
        }
    }

    @Test
    void shouldKeepALockThatWasTakenThroughAnotherChannelAfterTheCopyWasMade() throws IOException {
        try (FileChannel file = open();
                FileChannel other = open()) {
            OpenFiles.Reopened copy = OpenFiles.reopen(OpenFiles.number(file));
            FileLock lock = other.lock();
            copy.close();
            assertThat(PosixLocks.isHeldOn(copy.file())).isTrue();
            lock.release();
            OpenFiles.reopen(OpenFiles.number(file)).close();
            assertThat(copy.channel().isOpen()).isFalse();
        }
    }

    @Test
    void shouldCloseACopyAtOnceWhenOnlyAnotherFileIsLocked() throws IOException {
        Path elsewhere = Files.createFile(directory.resolve("other"));
        try (FileChannel file = open();
                FileChannel other = FileChannel.open(elsewhere, StandardOpenOption.WRITE);
                FileLock lock = other.lock()) {
            OpenFiles.Reopened copy = OpenFiles.reopen(OpenFiles.number(file));
            copy.close();
            assertThat(copy.channel().isOpen()).isFalse();
            assertThat(PosixLocks.isHeldOn(OwnDescriptors.file(OpenFiles.number(other))))
                    .isTrue();
            assertThat(lock.isValid()).isTrue();
        }
    }
}
