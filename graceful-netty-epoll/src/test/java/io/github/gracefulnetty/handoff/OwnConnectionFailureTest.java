// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static io.github.gracefulnetty.handoff.OwnConnection.assertHeard;
import static io.github.gracefulnetty.handoff.OwnConnection.on;
import static io.github.gracefulnetty.handoff.OwnConnection.say;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.DescriptorGate;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.Token;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioDatagramChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The other end of a connection of the application's own does not do its part of a handoff. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
@SuppressWarnings("deprecation") // the event-loop groups that both Netty lines have
class OwnConnectionFailureTest {
    private static final Duration SHORT = Duration.ofMillis(300);

    @TempDir
    private Path directory;

    private Udp udp;
    private OwnConnection application;
    private Channel sender;
    private Channel receiver;

    @BeforeEach
    void open() throws Exception {
        udp = new Udp(1);
        application = new OwnConnection(directory.resolve("own.sock"));
        receiver = application.connect();
        sender = application.accept();
    }

    @AfterEach
    void close() {
        receiver.close().syncUninterruptibly();
        sender.close().syncUninterruptibly();
        application.close();
        udp.close();
    }

    private CompletableFuture<Void> send() throws Exception {
        CompletableFuture<Void> sent = Sender.send(sender, udp.all());
        on(sender, () -> true);
        return sent;
    }

    private static String receive(Channel connection) throws Exception {
        return Outcomes.of(Receiver.on(connection).patience(SHORT).receiveOne());
    }

    private static byte[] attach(int version) {
        return RawReceiver.bytes(new Message.Attach(version, Token.NONE));
    }

    @Test
    void shouldTellTheSenderThatTheReceiverHangsUpInsteadOfAsking() throws Exception {
        CompletableFuture<Void> sent = send();
        receiver.close();
        assertThat(Outcomes.of(sent)).isEqualTo("the receiver hung up");
    }

    @Test
    void shouldTellTheReceiverThatTheSenderHangsUpInsteadOfSending() throws Exception {
        CompletableFuture<ReceivedDescriptor> one = Receiver.on(receiver).receiveOne();
        on(receiver, () -> true);
        sender.close();
        assertThat(Outcomes.of(one)).isEqualTo("the sender hung up");
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET / HTTP/1.1\r\n\r\n", "\0\0\0\u0017 this is no Attach at all"})
    void shouldGiveWhatIsNotTheProtocolBackToTheApplication(String words) throws Exception {
        CompletableFuture<Void> sent = send();
        say(receiver, words);
        assertThat(Outcomes.of(sent)).containsAnyOf("does not speak the handoff protocol", "unknown message type 32");
        say(receiver, "more");
        if (words.startsWith("GET")) {
            assertHeard(sender, words + "more");
        }
    }

    @Test
    void shouldRefuseAReceiverOfAnotherVersion() throws Exception {
        CompletableFuture<Void> sent = send();
        receiver.writeAndFlush(Unpooled.wrappedBuffer(attach(9)));
        assertThat(Outcomes.of(sent)).contains("does not begin with Attach in protocol version 1");
    }

    @Test
    void shouldGiveUpOnAReceiverThatNeverAsks() throws Exception {
        CompletableFuture<Void> sent = Sender.send(sender, udp.all(), SHORT);
        assertThat(Outcomes.of(sent)).contains("was silent for 300 ms: it has not begun to receive");
        say(receiver, "sorry");
        assertHeard(sender, "sorry");
    }

    @Test
    void shouldGiveUpOnAReceiverThatAsksAndThenSaysNothing() throws Exception {
        CompletableFuture<Void> sent = Sender.send(sender, udp.all(), SHORT);
        receiver.writeAndFlush(Unpooled.wrappedBuffer(attach(MessageCodec.VERSION)));
        // Its connections came as a descriptor to one who reads bytes: the kernel has closed them.
        assertThat(Outcomes.of(sent)).containsAnyOf("hung up before its hello", "was silent for 300 ms");
    }

    @Test
    void shouldGiveUpOnASenderThatNeverBegins() throws Exception {
        assertThat(receive(receiver)).contains("was silent for 300 ms: it has not begun to send");
        say(sender, "sorry");
        assertHeard(receiver, "sorry");
    }

    @Test
    void shouldLeaveNothingBehindWhenAReceivingFutureIsCancelledBeforeTheSenderBegins() throws Exception {
        CompletableFuture<ReceivedDescriptor> one = Receiver.on(receiver).receiveOne();
        on(receiver, () -> true);
        assertThat(one.cancel(true)).isTrue();
        on(receiver, () -> true);
        say(sender, "sorry");
        assertHeard(receiver, "sorry");
        assertThat(receiver.pipeline().names()).contains("application").hasSize(2);
    }

    @Test
    void shouldRefuseAConnectionThatIsClosed() throws Exception {
        receiver.close().sync();
        sender.closeFuture().sync();
        String reason = "cannot reach the other end of the connection: it is closed";
        assertThat(receive(receiver)).isEqualTo(reason);
        assertThat(Outcomes.of(Sender.send(sender, udp.all(), SHORT))).isEqualTo(reason);
    }

    @Test
    void shouldRefuseAChannelThatIsNoUnixConnection() throws Exception {
        assertRefusesDatagram(new EpollEventLoopGroup(1), EpollDatagramChannel.class);
        assertRefusesDatagram(new NioEventLoopGroup(1), NioDatagramChannel.class);
    }

    private void assertRefusesDatagram(EventLoopGroup loop, Class<? extends Channel> type) throws Exception {
        Channel datagram = new Bootstrap()
                .group(loop)
                .channel(type)
                .handler(new ChannelInboundHandlerAdapter())
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
        String reason = "descriptors go over a unix connection of epoll (EpollDomainSocketChannel), not over a "
                + type.getSimpleName();
        assertThat(receive(datagram)).isEqualTo(reason);
        assertThat(Outcomes.of(Sender.send(datagram, udp.all(), SHORT))).isEqualTo(reason);
        assertThat(datagram.pipeline().names()).hasSize(2);
        datagram.close().sync();
        loop.shutdownGracefully(50, 5_000, TimeUnit.MILLISECONDS).sync();
    }

    /** A refused call must not have begun: nothing is received behind the caller's back, and bytes stay bytes. */
    @Test
    void shouldRefuseToBlockOnTheConnectionsOwnLoopAndDoNothing() throws Exception {
        Kept kept = new Kept();
        assertThat(on(receiver, () -> failure(() -> Receiver.on(receiver).receiveBlocking(kept))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("blocking on the event loop of the connection would wait for itself");
        assertThat(on(receiver, () -> failure(() -> Receiver.on(receiver).receiveOneBlocking())))
                .isInstanceOf(IllegalStateException.class);
        on(receiver, () -> true);
        say(sender, "bytes");
        assertHeard(receiver, "bytes");
        say(receiver, "none of yours");
        assertHeard(sender, "none of yours");
    }

    private interface Call {
        void run() throws Exception;
    }

    private static Throwable failure(Call call) {
        try {
            call.run();
            return new AssertionError("nothing was thrown");
        } catch (Throwable t) {
            return t;
        }
    }

    @Test
    void shouldRefuseAPatienceThatIsNone() {
        assertThatThrownBy(() -> Sender.send(sender, udp.all(), Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
