// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.DescriptorGate;
import io.github.gracefulnetty.internal.process.OpenFiles;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Netty makes what it receives non-blocking and drops its other flags, for everybody who shares the open file. The
 * sender's files and pipes stay as they are all the same.
 */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class SharedFlagsTest {
    // From <fcntl.h> of Linux; octal as in /proc.
    private static final int O_NONBLOCK = 04000;
    private static final int O_APPEND = 02000;

    @TempDir
    private Path directory;

    private static int flags(int descriptor) throws IOException {
        String line = Files.readAllLines(Path.of("/proc/self/fdinfo/" + descriptor)).stream()
                .filter(each -> each.startsWith("flags:"))
                .findFirst()
                .orElseThrow();
        return Integer.parseInt(line.substring("flags:".length()).strip(), 8);
    }

    private ReceivedDescriptor receive(Offer offer) throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(directory.resolve("handoff.sock"), Offerer.of(offer))) {
            return Receiver.from(server.path()).receiveOneBlocking();
        }
    }

    static List<Arguments> modes() {
        return List.of(
                Arguments.of(Set.of(StandardOpenOption.READ), false),
                Arguments.of(Set.of(StandardOpenOption.WRITE), false),
                Arguments.of(Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE), false),
                Arguments.of(Set.of(StandardOpenOption.APPEND), true));
    }

    @ParameterizedTest
    @MethodSource("modes")
    void shouldLeaveTheFlagsAndTheOffsetOfTheSendersFile(Set<OpenOption> options, boolean append) throws Exception {
        Path path = Files.writeString(directory.resolve("file"), "0123456789");
        try (FileChannel file = FileChannel.open(path, options)) {
            file.position(3);
            int number = OpenFiles.number(file);
            int before = flags(number);
            assertThat(before & O_APPEND).isEqualTo(append ? O_APPEND : 0);
            try (ReceivedDescriptor received = receive(Offer.file(file))) {
                assertThat(flags(number)).isEqualTo(before);
                assertThat(flags(received.number()) & O_NONBLOCK)
                        .as("the receiver's own")
                        .isEqualTo(O_NONBLOCK);
                try (FileChannel taken = received.toFile()) {
                    assertThat(taken.position()).isEqualTo(file.position());
                    assertThat(flags(OpenFiles.number(taken)))
                            .as("what the receiver goes on with")
                            .isEqualTo(before);
                }
                assertThat(file.position()).isEqualTo(append ? 10 : 3);
                assertThat(flags(number)).isEqualTo(before);
            }
        }
    }

    @Test
    void shouldLeaveTheFlagsOfBothEndsOfTheSendersPipe() throws Exception {
        FileDescriptor[] pipe = FileDescriptor.pipe();
        try {
            for (FileDescriptor end : pipe) {
                int before = flags(end.intValue());
                try (ReceivedDescriptor received = receive(Offer.descriptor(end))) {
                    assertThat(flags(end.intValue())).isEqualTo(before);
                    received.toFile().close();
                    assertThat(flags(end.intValue())).isEqualTo(before);
                }
            }
        } finally {
            pipe[0].close();
            pipe[1].close();
        }
    }

    /** A log that both write to: nobody overwrites what the other has written. */
    @Test
    void shouldLetSeveralReceiversAppendSideBySide() throws Exception {
        Path path = directory.resolve("log");
        try (FileChannel log = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                DescriptorServer server =
                        DescriptorServer.listen(directory.resolve("handoff.sock"), Offerer.of(Offer.file(log)));
                ReceivedDescriptor one = Receiver.from(server.path()).receiveOneBlocking();
                ReceivedDescriptor two = Receiver.from(server.path()).receiveOneBlocking();
                FileChannel first = one.toFile();
                FileChannel second = two.toFile()) {
            for (int i = 0; i < 3; i++) {
                for (FileChannel writer : List.of(log, first, second)) {
                    writer.write(ByteBuffer.wrap(new byte[] {'x'}));
                }
            }
            assertThat(Files.size(path)).isEqualTo(9);
        }
    }
}
