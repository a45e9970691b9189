// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.internal.transfer.HandoffServer;
import io.github.gracefulnetty.internal.upgrade.Phase;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.Token;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a process of our own user can do at the handoff path of a running server. After each attempt the server serves, and
 * hands over to an honest successor.
 */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class HostileSuccessorTest {
    private static final Message HELLO =
            new Message.Hello(MessageCodec.VERSION, MessageCodec.VERSION, Message.Purpose.TAKE_OVER, 4711, Token.NONE);

    @TempDir
    Path directory;

    private Path path;
    private Greeter server;
    private SocketAddress address;

    @BeforeEach
    void start() throws Exception {
        path = directory.resolve("handoff.sock");
        server = new Greeter("server", Graceful.builder().handoffPath(path).upgradeTimeout(Duration.ofSeconds(20)));
        address = server.bind(new InetSocketAddress("127.0.0.1", 0)).localAddress();
        server.bind(new InetSocketAddress("127.0.0.1", 0));
        server.graceful.ready().join();
    }

    @AfterEach
    void shouldServeOnAndHandOver() throws Exception {
        try (Greeter old = server) {
            await().until(() -> server.graceful.runtime().phase() instanceof Phase.Serving);
            assertThat(Greeter.ask(address)).isEqualTo("server");
            try (Greeter young = new Greeter("young", Graceful.builder().handoffPath(path))) {
                young.bind(address);
                young.graceful.ready().join();
                assertThat(old.graceful.awaitExit().handedOver()).isTrue();
                assertThat(Greeter.ask(address)).isEqualTo("young");
            }
        }
    }

    static Stream<Arguments> firstWords() {
        byte[] hello = RawPeer.bytes(HELLO);
        return Stream.of(
                Arguments.of("HTTP", "GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8), "a frame of 1195725856 bytes"),
                Arguments.of("4 GiB", frame(-1), "a frame of 4294967295 bytes, at most 1048576 are allowed"),
                Arguments.of("1 MiB and 1", frame((1 << 20) + 1), "a frame of 1048577 bytes"),
                Arguments.of("empty frame", frame(0), "ends in the middle of a field"),
                Arguments.of("unknown type", frame(1, 99), "type 99"),
                Arguments.of("no magic", frame(5, 1, 1, 2, 3, 4), "not the handoff protocol: it begins with 0x1020304"),
                Arguments.of("cut off", lengthOf(hello, hello.length - 5), "ends in the middle of a field"),
                Arguments.of(
                        "too long", lengthOf(Arrays.copyOf(hello, hello.length + 1), hello.length - 3), "too many"),
                Arguments.of(
                        "Ready", RawPeer.bytes(new Message.Ready()), "begins with Hello or Attach, not with Ready"),
                Arguments.of("Commit", RawPeer.bytes(new Message.Commit(0)), "not with Commit"),
                Arguments.of(
                        "old version",
                        RawPeer.bytes(new Message.Hello(0, 0, Message.Purpose.TAKE_OVER, 1, Token.NONE)),
                        "protocol version 1 is spoken here, you speak 0 to 0"),
                Arguments.of(
                        "new version",
                        RawPeer.bytes(new Message.Hello(2, 9, Message.Purpose.TAKE_OVER, 1, Token.NONE)),
                        "protocol version 1 is spoken here, you speak 2 to 9"),
                Arguments.of(
                        "one who only receives",
                        RawPeer.bytes(new Message.Hello(1, 1, Message.Purpose.RECEIVE, 1, Token.NONE)),
                        "waits for a successor here, it offers nothing to those who only receive"),
                Arguments.of(
                        "wrong ticket",
                        RawPeer.bytes(new Message.Hello(1, 1, Message.Purpose.TAKE_OVER, 1, Token.random())),
                        "the upgrade that started you is over"),
                Arguments.of(
                        "wrong lane",
                        RawPeer.bytes(new Message.Attach(1, Token.random())),
                        "no handoff waits for this descriptor connection"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("firstWords")
    void shouldRefuseAndSayWhy(String name, byte[] words, String reason) throws IOException {
        try (RawPeer peer = new RawPeer(path)) {
            assertThat(peer.say(words).hearAbort()).as(name).contains(reason);
        }
    }

    /** One version newer, one older, and both: what is spoken here is among them. */
    @ParameterizedTest
    @CsvSource({"1, 2", "0, 1", "0, 2"})
    void shouldAgreeWithWhoSpeaksAnotherVersionToo(int oldest, int newest) throws IOException {
        try (RawPeer peer = new RawPeer(path)) {
            Message hello = new Message.Hello(oldest, newest, Message.Purpose.TAKE_OVER, 1, Token.NONE);
            Message.Welcome welcome = peer.say(hello).hear(Message.Welcome.class);
            assertThat(welcome.version()).isEqualTo(MessageCodec.VERSION);
            try (RawPeer lane = new RawPeer(path)) {
                lane.say(new Message.Attach(welcome.version(), welcome.laneToken()));
                assertThat(peer.hear(Message.Manifest.class).descriptors()).isEqualTo(2);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"2, 3", "0, 0", "3, 65535"})
    void shouldRefuseWhoSpeaksOtherVersionsOnlyBeforeAnythingMoves(int oldest, int newest) throws IOException {
        try (RawPeer peer = new RawPeer(path)) {
            Message hello = new Message.Hello(oldest, newest, Message.Purpose.TAKE_OVER, 1, Token.NONE);
            assertThat(peer.say(hello).hearAbort())
                    .isEqualTo("protocol version 1 is spoken here, you speak " + oldest + " to " + newest);
            assertThat(server.graceful.runtime().phase()).isInstanceOf(Phase.Serving.class);
        }
    }

    /** The kernel closes what comes with bytes that are read as such. */
    @Test
    void shouldNotTakeDescriptorsFromWhoShouldSendNone() throws IOException {
        Socket hostile = Socket.newSocketDomain();
        Socket sent = Socket.newSocketStream();
        try {
            hostile.connect(new DomainSocketAddress(path.toString()));
            assertThat(hostile.sendFd(sent.intValue())).isPositive();
            sendUntilItHangsUp(hostile, sent);
            ByteBuffer answer = ByteBuffer.allocateDirect(1);
            await().ignoreExceptions().until(() -> hostile.read(answer, 0, 1) != 0);
            assertThat(copiesOf(sent)).isEqualTo(1);
        } finally {
            hostile.close();
            sent.close();
        }
    }

    /** It may have had enough after a few. */
    private static void sendUntilItHangsUp(Socket hostile, Socket sent) throws IOException {
        try {
            for (int i = 0; i < 7; i++) {
                hostile.sendFd(sent.intValue());
            }
        } catch (NativeIoException e) {
            assertThat(e.expectedErr()).isEqualTo(Errors.ERRNO_EPIPE_NEGATIVE);
        }
    }

    private static long copiesOf(Socket socket) throws IOException {
        Path own = Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(socket.intValue())));
        long copies = 0;
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                if (Files.isSymbolicLink(descriptor)
                        && Files.readSymbolicLink(descriptor).equals(own)) {
                    copies++;
                }
            }
        }
        return copies;
    }

    @Test
    void shouldForgetWhoHangsUpInTheMiddleOfAFrame() throws IOException {
        byte[] hello = RawPeer.bytes(HELLO);
        for (int length = 0; length < hello.length; length++) {
            try (RawPeer peer = new RawPeer(path)) {
                peer.say(Arrays.copyOf(hello, length));
            }
        }
    }

    @Test
    void shouldReadAHelloThatComesByteByByte() throws IOException {
        try (RawPeer peer = new RawPeer(path)) {
            for (byte b : RawPeer.bytes(HELLO)) {
                peer.say(b);
            }
            assertThat(peer.hear(Message.Welcome.class).generation()).isEqualTo(2);
        }
    }

    @Test
    void shouldHangUpOnWhoSaysNothingAndLimitTheirNumber() throws IOException {
        List<RawPeer> silent = new ArrayList<>();
        try {
            for (int i = 0; i < HandoffServer.MAX_SILENT; i++) {
                silent.add(new RawPeer(path));
            }
            try (RawPeer oneMore = new RawPeer(path)) {
                assertThat(oneMore.hearAbort()).isEqualTo("too many connections that say nothing");
            }
            for (RawPeer peer : silent) {
                assertThat(peer.hearAbort()).isEqualTo("nothing was said for 5000 ms");
            }
        } finally {
            for (RawPeer peer : silent) {
                peer.close();
            }
        }
    }

    @Test
    void shouldSurviveAFloodOfConnections() throws IOException {
        for (int i = 0; i < 2_000; i++) {
            try (RawPeer peer = new RawPeer(path)) {
                if (i % 2 == 0) {
                    peer.say((byte) i);
                }
            } catch (IOException e) {
                // Where too many say nothing, the next one is refused at once.
                assertThat(e).hasMessageMatching("Broken pipe|Connection reset.*");
            }
        }
        // When the last of them are forgotten, an honest one is heard again.
        await().ignoreExceptions().untilAsserted(() -> {
            try (RawPeer peer = new RawPeer(path)) {
                peer.say(HELLO).hear(Message.Welcome.class);
            }
        });
    }

    /** {@code -Dfuzz.handshakes=1000000 -Dfuzz.seed=7} for more, or for the same again. */
    @Test
    @Timeout(600)
    void shouldSurviveMutatedHandshakes() throws IOException {
        long seed = Long.getLong("fuzz.seed", System.nanoTime());
        Random random = new Random(seed);
        byte[][] words = {
            RawPeer.bytes(HELLO),
            RawPeer.bytes(HELLO, new Message.Received(1)),
            RawPeer.bytes(HELLO, new Message.Ready()),
            RawPeer.bytes(HELLO, new Message.Abort("never mind")),
            RawPeer.bytes(new Message.Attach(1, Token.random())),
            RawPeer.bytes(new Message.Serving(List.of(1)), new Message.End())
        };
        for (int i = 0; i < Integer.getInteger("fuzz.handshakes", 1_000); i++) {
            byte[] input = words[random.nextInt(words.length)].clone();
            for (int changes = random.nextInt(4); changes > 0; changes--) {
                input[random.nextInt(input.length)] = (byte) random.nextInt();
            }
            try (RawPeer peer = new RawPeer(path)) {
                peer.say(Arrays.copyOf(input, input.length - random.nextInt(3)));
            } catch (IOException e) {
                // refused in the middle
                assertThat(e.getMessage()).as("seed " + seed).containsAnyOf("Broken pipe", "Connection reset");
            }
        }
        // What this test did is done when the last of them are forgotten.
        await().ignoreExceptions().untilAsserted(() -> {
            try (RawPeer peer = new RawPeer(path)) {
                peer.say(HELLO).hear(Message.Welcome.class);
            }
        });
    }

    @Test
    void shouldRefuseASecondSuccessorWhileOneIsHalfWay() throws IOException {
        try (RawPeer first = new RawPeer(path)) {
            first.say(HELLO).hear(Message.Welcome.class);
            try (RawPeer second = new RawPeer(path)) {
                assertThat(second.say(HELLO).hearAbort()).contains("an upgrade is in progress");
            }
        }
    }

    @Test
    void shouldRefuseASecondDescriptorConnection() throws IOException {
        try (RawPeer successor = new RawPeer(path)) {
            Token lane = successor.say(HELLO).hear(Message.Welcome.class).laneToken();
            try (RawPeer first = new RawPeer(path);
                    RawPeer second = new RawPeer(path)) {
                first.say(new Message.Attach(1, lane));
                assertThat(successor.hear(Message.Manifest.class).descriptors()).isEqualTo(2);
                assertThat(second.say(new Message.Attach(1, lane)).hearAbort())
                        .isEqualTo("no handoff waits for this descriptor connection");
            }
        }
    }

    static Stream<Arguments> wordsAfterTheDescriptors() {
        return Stream.of(
                Arguments.of(new Message.Received(3), "says that it has 3 descriptors, 2 were sent"),
                Arguments.of(new Message.Received(0), "says that it has 0 descriptors"),
                Arguments.of(new Message.Ready(), "said Ready when that was not due"),
                Arguments.of(new Message.Serving(List.of()), "said Serving when that was not due"),
                Arguments.of(new Message.Commit(0), "said Commit when that was not due"),
                Arguments.of(new Message.Drained(0), "said Drained when that was not due"),
                Arguments.of(HELLO, "said Hello when that was not due"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wordsAfterTheDescriptors")
    void shouldEndAHandoffWhoseSuccessorBreaksTheOrder(Message words, String reason) throws IOException {
        try (RawPeer successor = new RawPeer(path);
                RawPeer lane = attach(successor)) {
            assertThat(successor.say(words).hearAbort()).contains(reason);
            lane.close();
        }
    }

    @Test
    void shouldEndAHandoffWhoseSuccessorServesBeforeItMay() throws IOException {
        try (RawPeer successor = new RawPeer(path);
                RawPeer lane = attach(successor)) {
            successor.say(new Message.Received(2));
            assertThat(successor.say(new Message.Serving(List.of())).hearAbort())
                    .contains("said Serving when that was not due");
            lane.close();
        }
    }

    @Test
    void shouldEndAHandoffThatIsSaidOnTheDescriptorConnection() throws IOException {
        try (RawPeer successor = new RawPeer(path);
                RawPeer lane = attach(successor)) {
            lane.say(new Message.Ready());
            assertThat(successor.hearAbort()).contains("spoke on the descriptor connection");
        }
    }

    @Test
    void shouldRefuseADescriptorConnectionOfAnotherProcessThatKnowsTheToken() throws IOException {
        try (RawPeer successor = new RawPeer(path)) {
            Token token = successor.say(HELLO).hear(Message.Welcome.class).laneToken();
            byte[] attach = RawPeer.bytes(new Message.Attach(MessageCodec.VERSION, token));
            try (OtherPeer other = OtherPeer.saying(path, attach)) {
                assertThat(new String(other.heard(), UTF_8))
                        .contains("no handoff waits for this descriptor connection");
            }
            try (RawPeer lane = new RawPeer(path)) {
                lane.say(attach);
                assertThat(successor.hear(Message.Manifest.class).descriptors()).isEqualTo(2);
            }
        }
    }

    @Test
    void shouldServeOnWhenASuccessorHangsUpAtAnyPoint() throws IOException {
        for (int point = 0; point < 4; point++) {
            try (RawPeer successor = new RawPeer(path)) {
                if (point == 0) {
                    successor.say(HELLO);
                } else if (point == 1) {
                    successor.say(HELLO).hear(Message.Welcome.class);
                } else {
                    try (RawPeer lane = attach(successor)) {
                        if (point == 3) {
                            successor.say(new Message.Received(2)).say(new Message.Ready());
                            successor.hear(Message.Commit.class);
                        }
                        lane.close();
                    }
                }
            }
            await().until(() -> server.graceful.runtime().phase() instanceof Phase.Serving);
            assertThat(Greeter.ask(address)).isEqualTo("server");
        }
    }

    /** Shakes hands until the descriptors have been sent. */
    private RawPeer attach(RawPeer successor) throws IOException {
        Token token = successor.say(HELLO).hear(Message.Welcome.class).laneToken();
        RawPeer lane = new RawPeer(path);
        lane.say(new Message.Attach(1, token));
        assertThat(successor.hear(Message.Manifest.class).descriptors()).isEqualTo(2);
        successor.hear(Message.Descriptor.class);
        successor.hear(Message.Descriptor.class);
        return lane;
    }

    private static byte[] frame(int length, int... content) {
        ByteBuffer frame = ByteBuffer.allocate(Integer.BYTES + content.length).putInt(length);
        for (int b : content) {
            frame.put((byte) b);
        }
        return frame.array();
    }

    /** The same bytes with another length in front. */
    private static byte[] lengthOf(byte[] frame, int length) {
        byte[] changed = frame.clone();
        ByteBuffer.wrap(changed).putInt(length);
        return changed;
    }
}
