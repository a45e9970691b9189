// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.DescriptorGate;
import io.github.gracefulnetty.OtherPeer;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.Token;
import io.netty.buffer.Unpooled;
import java.io.DataInputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Both connections of a handoff lead to the same process: one that comes in between gets nothing, and is not believed. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
@Tag("once")
class DescriptorConnectionTest {
    @TempDir
    private Path directory;

    private interface Intruder {
        OtherPeer comes(Path path) throws Exception;
    }

    private void assertBetrays(Intruder intruder, boolean ofOurUser) throws Exception {
        Path path = directory.resolve("handoff.sock");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        try (ServerSocketChannel predecessor = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            predecessor.bind(UnixDomainSocketAddress.of(path));
            CompletableFuture<Integer> received =
                    Receiver.from(path).receive((descriptor, metadata) -> descriptor.close());
            try (SocketChannel bytes = predecessor.accept()) {
                DataInputStream in = new DataInputStream(Channels.newInputStream(bytes));
                assertThat(hear(in)).isInstanceOf(Message.Hello.class);
                try (OtherPeer other = intruder.comes(path)) {
                    RawReceiver.write(
                            bytes,
                            RawReceiver.bytes(
                                    new Message.Welcome(MessageCodec.VERSION, 4711, 0, Token.random(), 10_000)));
                    String reason = ofOurUser
                            ? "the descriptor connection with unix:" + path + " is that of pid " + other.pid()
                                    + ", the byte connection that of pid "
                                    + ProcessHandle.current().pid() + ": refused"
                            : "unix:" + path + " belongs to uid " + OtherPeer.NOBODY + ", we are uid 0: refused";
                    assertThat(Outcomes.of(received)).isEqualTo(reason);
                    assertThat(hear(in))
                            .isInstanceOfSatisfying(
                                    Message.Abort.class,
                                    abort -> assertThat(abort.reason()).isEqualTo(reason));
                    assertThat(other.heard()).as("not even the token").isEmpty();
                }
            }
        }
    }

    private static Message hear(DataInputStream in) throws Exception {
        return MessageCodec.decode(Unpooled.wrappedBuffer(in.readNBytes(in.readInt())));
    }

    @Test
    void shouldNotTakeDescriptorsFromAnotherProcess() throws Exception {
        assertBetrays(OtherPeer::listeningInPlaceOf, true);
    }

    @Test
    void shouldNotTakeDescriptorsFromAnotherUser() throws Exception {
        assertBetrays(OtherPeer::ofAnotherUserListeningInPlaceOf, false);
    }

    @Test
    void shouldNotGiveDescriptorsToAnotherProcessThatKnowsTheToken() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        try (DescriptorServer server =
                        DescriptorServer.listen(directory.resolve("handoff.sock"), to -> asked.incrementAndGet());
                RawReceiver receiver = RawReceiver.welcomed(server.path())) {
            try (OtherPeer other = OtherPeer.saying(server.path(), receiver.attachment())) {
                byte[] frame = other.heard();
                assertThat(MessageCodec.decode(
                                Unpooled.wrappedBuffer(Arrays.copyOfRange(frame, Integer.BYTES, frame.length))))
                        .isEqualTo(new Message.Abort("nobody waits for this descriptor connection"));
                assertThat(asked).hasValue(0);
            }
            try (SocketChannel lane = receiver.attach()) {
                assertThat(receiver.hear()).isInstanceOf(Message.Manifest.class);
                assertThat(lane.isOpen()).isTrue();
            }
        }
        assertThat(asked).hasValue(1);
    }
}
