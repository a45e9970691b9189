// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.DescriptorGate;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The receiver's application fails: what it had got before stays its own, everything else is closed, both sides hear why,
 * and the next receiver is served.
 */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class FailingCallbackTest {
    private static final int OFFERED = 100;

    @TempDir
    private Path directory;

    private Udp udp;
    private final Kept kept = new Kept();

    @BeforeEach
    void open() throws Exception {
        udp = new Udp(OFFERED);
    }

    @AfterEach
    void close() {
        kept.close();
        udp.close();
    }

    /** Both sides' words on a handoff to {@code handler}. */
    private record Words(String receiver, String sender) {}

    private Words fail(DescriptorHandler handler, int bytesOfMetadata) throws Exception {
        Outcomes outcomes = new Outcomes(udp.all(bytesOfMetadata));
        try (DescriptorServer server = DescriptorServer.listen(directory.resolve("handoff.sock"), outcomes)) {
            Words words = new Words(Outcomes.of(Receiver.from(server.path()).receive(handler)), outcomes.next());
            try (Kept next = new Kept()) {
                assertThat(Receiver.from(server.path()).receiveBlocking(next)).isEqualTo(OFFERED);
            }
            return words;
        }
    }

    /** With the most metadata the sender is in the middle of a write when the receiver gives up. */
    @ParameterizedTest
    @CsvSource({"1, 4", "2, 4", "64, 4", "65, 4", "100, 4", "1, 65536", "2, 65536", "64, 65536", "65, 65536"})
    void shouldLeaveNothingOpenWhenItThrowsAt(int failing, int bytesOfMetadata) throws Exception {
        ReceivedDescriptor[] last = new ReceivedDescriptor[1];
        Words words = fail(
                (descriptor, metadata) -> {
                    if (kept.descriptors.size() == failing - 1) {
                        last[0] = descriptor;
                        throw new IOException("no room for " + descriptor.name());
                    }
                    kept.received(descriptor, metadata);
                },
                bytesOfMetadata);
        String reason = "the receiver could not use udp 127.0.0.1:" + udp.port(failing - 1) + " (udp" + (failing - 1)
                + "): no room for udp" + (failing - 1);
        assertThat(words.receiver()).isEqualTo(reason);
        assertThat(words.sender())
                .isEqualTo("receiver pid " + ProcessHandle.current().pid() + " says: " + reason);
        assertThatThrownBy(() -> Objects.requireNonNull(last[0]).release()).isInstanceOf(IllegalStateException.class);
        assertThat(kept.ports).isEqualTo(udp.ports().subList(0, failing - 1));
        for (ReceivedDescriptor descriptor : kept.descriptors) {
            assertThat(Path.of("/proc/self/fd/" + descriptor.number()))
                    .as(descriptor + "")
                    .isSymbolicLink();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 65_536})
    void shouldLeaveNothingOpenWhenItThrowsAnError(int bytesOfMetadata) throws Exception {
        Words words = fail(
                (descriptor, metadata) -> {
                    throw new StackOverflowError("too deep");
                },
                bytesOfMetadata);
        assertThat(words.receiver()).contains("java.lang.StackOverflowError: too deep");
        assertThat(words.sender()).contains("java.lang.StackOverflowError: too deep");
    }

    @Test
    void shouldLeaveNothingOpenWhenItThrowsWithoutAMessage() throws Exception {
        Words words = fail(
                (descriptor, metadata) -> {
                    throw new IllegalStateException();
                },
                4);
        assertThat(words.receiver()).endsWith("(udp0): java.lang.IllegalStateException");
        assertThat(words.sender()).endsWith("(udp0): java.lang.IllegalStateException");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldLeaveNothingOpenWhenTheStatesAreRefused(boolean error) throws Exception {
        Words words = fail(
                new Kept() {
                    @Override
                    public void states(Map<String, byte[]> states) throws Exception {
                        if (error) {
                            throw new AssertionError("unknown format");
                        }
                        throw new IOException("unknown format");
                    }

                    @Override
                    public void received(ReceivedDescriptor descriptor, byte[] metadata) {
                        throw new IllegalStateException("a descriptor came after all");
                    }
                },
                4);
        assertThat(words.receiver()).contains("unknown format");
        assertThat(words.sender()).contains("unknown format");
    }

    @Test
    void shouldLeaveAloneWhatTheCallbackHasReleasedBeforeItThrew() throws Exception {
        int[] released = new int[1];
        fail(
                (descriptor, metadata) -> {
                    released[0] = descriptor.release();
                    throw new IOException("too late");
                },
                4);
        assertThat(Files.readSymbolicLink(Path.of("/proc/self/fd/" + released[0])))
                .isEqualTo(Files.readSymbolicLink(
                        Path.of("/proc/self/fd/" + udp.socket(0).intValue())));
        new FileDescriptor(released[0]).close();
    }

    @Test
    void shouldNotCloseASecondTimeWhatTheCallbackHasClosedBeforeItThrew() throws Exception {
        FileDescriptor[] other = new FileDescriptor[1];
        fail(
                (descriptor, metadata) -> {
                    int number = descriptor.number();
                    descriptor.close();
                    other[0] = FileDescriptor.from(
                            Files.createFile(directory.resolve("other")).toString());
                    assertThat(other[0].intValue())
                            .as("the number is used again")
                            .isLessThanOrEqualTo(number);
                    throw new IOException("too late");
                },
                4);
        FileDescriptor file = Objects.requireNonNull(other[0]);
        assertThat(Files.readSymbolicLink(Path.of("/proc/self/fd/" + file.intValue())))
                .isEqualTo(directory.toRealPath().resolve("other"));
        file.close();
    }
}
