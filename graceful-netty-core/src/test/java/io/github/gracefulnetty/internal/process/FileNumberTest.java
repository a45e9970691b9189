// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.gracefulnetty.internal.descriptor.FileMode;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The descriptor of a file is found, whoever else has the file open or locked, and nobody notices. */
@Timeout(60)
class FileNumberTest {
    @TempDir
    Path directory;

    private Path path;

    @BeforeEach
    void write() throws IOException {
        assumeTrue(OwnDescriptors.supported(), "only Linux tells how files are open");
        path = Files.writeString(directory.resolve("file"), "0123456789");
    }

    static List<Set<OpenOption>> modes() {
        return List.of(
                Set.of(StandardOpenOption.READ),
                Set.of(StandardOpenOption.WRITE),
                Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE),
                Set.of(StandardOpenOption.APPEND));
    }

    /** Opens a file, and tells the number that it gets from what is there before and after. */
    private record Known(FileChannel channel, int number) implements AutoCloseable {
        static Known open(Path path, Set<? extends OpenOption> options) throws IOException {
            Set<Integer> before = numbersOf(path);
            FileChannel channel = FileChannel.open(path, options);
            Set<Integer> opened = numbersOf(path);
            opened.removeAll(before);
            assertThat(opened).hasSize(1);
            return new Known(channel, opened.iterator().next());
        }

        private static Set<Integer> numbersOf(Path path) throws IOException {
            Set<Integer> numbers = OwnDescriptors.numbers();
            numbers.removeIf(number -> {
                try {
                    return !Files.isSameFile(Path.of("/proc/self/fd/" + number), path);
                } catch (IOException e) {
                    return true;
                }
            });
            return numbers;
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    @ParameterizedTest
    @MethodSource("modes")
    void shouldFindEachOfSeveralThatHaveTheSameFileOpenInTheSameWay(Set<OpenOption> mode) throws IOException {
        try (Known first = Known.open(path, mode);
                Known second = Known.open(path, mode);
                Known other = Known.open(path, Set.of(StandardOpenOption.READ))) {
            assertThat(OpenFiles.number(first.channel)).isEqualTo(first.number);
            assertThat(OpenFiles.number(second.channel)).isEqualTo(second.number);
            assertThat(OpenFiles.number(other.channel)).isEqualTo(other.number);
        }
        assertThat(path).hasContent("0123456789");
    }

    @Test
    void shouldFindTheChannelsOfStreamsAndRandomAccessFiles() throws IOException {
        try (FileOutputStream appending = new FileOutputStream(path.toFile(), true);
                RandomAccessFile random = new RandomAccessFile(path.toFile(), "rw")) {
            int first = OpenFiles.number(appending.getChannel());
            int second = OpenFiles.number(random.getChannel());
            assertThat(OwnDescriptors.mode(first).append()).isTrue();
            assertThat(OwnDescriptors.mode(second)).isEqualTo(new FileMode(true, true, false, 0));
        }
    }

    @Test
    void shouldLoseNoLineOfAWriter() throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        CountDownLatch writes = new CountDownLatch(1);
        try (FileChannel log = FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            CompletableFuture<Integer> writer = CompletableFuture.supplyAsync(() -> {
                int lines = 0;
                try {
                    while (!over.get()) {
                        log.write(ByteBuffer.wrap("0123456789\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
                        lines++;
                        writes.countDown();
                    }
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
                return lines;
            });
            writes.await();
            int number = OpenFiles.number(log);
            for (int i = 0; i < 50; i++) {
                assertThat(OpenFiles.number(log)).isEqualTo(number);
            }
            over.set(true);
            int lines = writer.get();
            assertThat(log.size()).isEqualTo(11L * lines);
        }
        assertThat(Files.readAllLines(path)).containsOnly("0123456789");
    }

    @Test
    void shouldLeaveNoLockBehindAndTakeNoneAway() throws IOException {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            FileLock own = file.lock(3, 4, false);
            int number = OpenFiles.number(file);
            assertThat(locks(number)).singleElement().asString().endsWith(" 3 6");
            assertThat(own.isValid()).isTrue();
            own.release();
            OpenFiles.number(file);
            assertThat(locks(number)).isEmpty();
        }
    }

    @Test
    void shouldFindAFileThatThisProcessHasLockedAsAWhole() throws IOException {
        try (Known file = Known.open(path, Set.of(StandardOpenOption.WRITE));
                Known reader = Known.open(path, Set.of(StandardOpenOption.READ))) {
            FileLock own = file.channel.lock();
            assertThat(OpenFiles.number(file.channel)).isEqualTo(file.number);
            assertThat(OpenFiles.number(reader.channel)).isEqualTo(reader.number);
            assertThat(locks(file.number)).hasSize(1);
            own.release();
        }
    }

    @Test
    void shouldFindAFileThatAnotherProcessHasLockedAsAWhole() throws Exception {
        Process holder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        LockHolder.class.getName(),
                        path.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (Known file = Known.open(path, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE))) {
            assertThat(holder.inputReader().readLine()).isEqualTo("LOCKED");
            assertThat(file.channel.tryLock()).isNull();
            assertThat(OpenFiles.number(file.channel)).isEqualTo(file.number);
        } finally {
            holder.destroyForcibly().waitFor();
        }
    }

    @Test
    void shouldFindAFileWhoseFileSystemHasNoLocks() throws IOException {
        try (Known file = Known.open(path, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
                Known elsewhere = Known.open(path, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE))) {
            elsewhere.channel.position(5);
            assertThat(OpenFiles.number(new UnlockableFile(file.channel))).isEqualTo(file.number);
            assertThat(OpenFiles.number(new UnlockableFile(elsewhere.channel))).isEqualTo(elsewhere.number);
            assertThat(file.channel.position()).isZero();
            assertThat(elsewhere.channel.position()).isEqualTo(5);
        }
    }

    @Test
    void shouldSayWhyItCannotTellTwoApartWithoutLocks() throws IOException {
        try (Known file = Known.open(path, Set.of(StandardOpenOption.READ));
                Known twin = Known.open(path, Set.of(StandardOpenOption.READ))) {
            assertThatThrownBy(() -> OpenFiles.number(new UnlockableFile(file.channel)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("this file system has no locks")
                    .hasMessageContaining(Integer.toString(twin.number));
        }
    }

    @Test
    void shouldRefuseWhatIsNoRegularFileOrClosed() throws IOException {
        try (FileChannel device = FileChannel.open(Path.of("/dev/null"), StandardOpenOption.WRITE)) {
            assertThatThrownBy(() -> OpenFiles.number(device)).isInstanceOf(IOException.class);
        }
        FileChannel closed = FileChannel.open(path, StandardOpenOption.READ);
        closed.close();
        assertThatThrownBy(() -> OpenFiles.number(closed)).isInstanceOf(ClosedChannelException.class);
    }

    private static List<String> locks(int number) throws IOException {
        return OwnDescriptors.linesIfOpen(number).stream()
                .filter(line -> line.startsWith("lock:"))
                .toList();
    }
}
