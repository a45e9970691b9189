// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.upgrade.GracefulRuntime;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a process of our own user can tell a successor that believes it to be its predecessor. Nothing is left open. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
@SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
class HostilePredecessorTest {
    private static final Token LANE = Token.random();
    private static final Message WELCOME = new Message.Welcome(1, 1, 2, LANE, 10_000);

    /** What the false predecessor does when the successor has said a word on its byte or its descriptor connection. */
    private interface Script {
        void hello(Channel bytes) throws IOException;

        @SuppressWarnings("UnusedVariable")
        default void attached(Channel bytes, Channel lane) throws IOException {}

        @SuppressWarnings("UnusedVariable")
        default void aborted(String reason) {}
    }

    @TempDir
    Path directory;

    private final EventLoopGroup loop = new EpollEventLoopGroup(1);
    private Path path;
    private Socket listening;
    private InetSocketAddress address;

    @BeforeEach
    void listen() throws IOException {
        path = directory.resolve("handoff.sock");
        listening = Socket.newSocketStream();
        listening.bind(new InetSocketAddress("127.0.0.1", 0));
        listening.listen(1);
        address = listening.localAddress();
    }

    @AfterEach
    void close() throws IOException {
        listening.close();
        loop.shutdownGracefully(50, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    static Stream<Arguments> answersToHello() {
        return Stream.of(
                Arguments.of("noise", "SSH-2.0-OpenSSH_9.2\r\n".getBytes(UTF_8), "a frame of 1397966893 bytes"),
                Arguments.of("Ready", RawPeer.bytes(new Message.Ready()), "said Ready when that was not due"),
                Arguments.of("Commit", RawPeer.bytes(new Message.Commit(0)), "said Commit when that was not due"),
                Arguments.of("Drained", RawPeer.bytes(new Message.Drained(1)), "said Drained when that was not due"),
                Arguments.of(
                        "a version that was not offered",
                        RawPeer.bytes(new Message.Welcome(7, 1, 2, LANE, 1)),
                        "chose protocol version 7, we speak 1"),
                Arguments.of(
                        "a manifest before Welcome",
                        RawPeer.bytes(new Message.Manifest(1)),
                        "said Manifest when that was not due"),
                Arguments.of("Welcome twice", RawPeer.bytes(WELCOME, WELCOME), "said Welcome when that was not due"),
                Arguments.of(
                        "more descriptors than are allowed, in two manifests",
                        RawPeer.bytes(
                                WELCOME, new Message.Manifest(MessageCodec.MAX_DESCRIPTORS), new Message.Manifest(1)),
                        "announced 1048577 descriptors, at most 1048576 are allowed"),
                Arguments.of(
                        "a time that has no end, which is no violation, before one",
                        RawPeer.bytes(
                                new Message.Welcome(1, 1, 2, LANE, Long.MAX_VALUE),
                                new Message.Manifest(MessageCodec.MAX_DESCRIPTORS),
                                new Message.Manifest(1)),
                        "announced 1048577 descriptors, at most 1048576 are allowed"),
                Arguments.of(
                        "a descriptor without a manifest",
                        RawPeer.bytes(WELCOME, announcement(0, 1)),
                        "announced descriptor 0 where 0 of 0 was due"),
                Arguments.of(
                        "a wrong index",
                        RawPeer.bytes(WELCOME, new Message.Manifest(2), announcement(1, 1)),
                        "announced descriptor 1 where 0 of 2 was due"),
                Arguments.of(
                        "more than announced",
                        RawPeer.bytes(WELCOME, new Message.Manifest(1), announcement(0, 1), announcement(1, 2)),
                        "announced descriptor 1 where 1 of 1 was due"),
                Arguments.of(
                        "descriptors that never come",
                        RawPeer.bytes(announcements(MessageCodec.WINDOW + 1)),
                        "announced more than 64 descriptors ahead"),
                Arguments.of(
                        "application state that has no end",
                        RawPeer.bytes(WELCOME, new Message.State("a", false, Bytes.NONE), new Message.Manifest(0)),
                        "the application state 'a' has no end"),
                Arguments.of(
                        "two application states at once",
                        RawPeer.bytes(
                                WELCOME,
                                new Message.State("a", false, Bytes.NONE),
                                new Message.State("b", true, Bytes.NONE)),
                        "the application state 'b' began in the middle of 'a'"),
                Arguments.of(
                        "application state twice",
                        RawPeer.bytes(
                                WELCOME,
                                new Message.State("a", true, Bytes.NONE),
                                new Message.State("a", true, Bytes.NONE)),
                        "the application state 'a' was sent twice"),
                Arguments.of(
                        "application state after the manifest",
                        RawPeer.bytes(WELCOME, new Message.Manifest(1), new Message.State("a", true, Bytes.NONE)),
                        "said State when that was not due"),
                Arguments.of(
                        "End",
                        RawPeer.bytes(WELCOME, new Message.Manifest(1), new Message.End()),
                        "said End when that was not due"),
                Arguments.of("Abort", RawPeer.bytes(new Message.Abort("go away")), "says: go away"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("answersToHello")
    void shouldNotTakeOverFromWhoBreaksTheOrder(String name, byte[] answer, String reason) {
        assertRefuses(bytes -> bytes.writeAndFlush(Unpooled.wrappedBuffer(answer)), reason);
    }

    @Test
    void shouldGiveUpOnWhoSaysNothing() {
        assertRefuses(bytes -> {}, "was silent for 10000 ms");
    }

    @Test
    void shouldRefuseADescriptorThatIsNotASocket() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        FileDescriptor descriptor = FileDescriptor.from(file.toFile());
        try {
            assertRefusesDescriptor(descriptor, description(address.getPort()), "but it is not a socket");
        } finally {
            descriptor.close();
        }
    }

    @Test
    void shouldRefuseASocketThatDoesNotListen() throws IOException {
        Socket bound = Socket.newSocketStream();
        try {
            bound.bind(new InetSocketAddress("127.0.0.1", 0));
            assertRefusesDescriptor(bound, description(bound.localAddress().getPort()), "but it does not listen");
        } finally {
            bound.close();
        }
    }

    @Test
    void shouldRefuseAListenerAtAnotherAddress() {
        assertRefusesDescriptor(listening, description(1), "but it is bound to 127.0.0.1:" + address.getPort());
    }

    @Test
    void shouldRefuseAListenerOfAnotherKind() {
        DomainSocketAddress unix = new DomainSocketAddress("/run/app.sock");
        assertRefusesDescriptor(
                listening,
                new Description(DescriptorKind.UNIX_LISTENER, StandardProtocolFamily.UNIX, "", unix, null, null),
                "but it is of another kind");
    }

    @Test
    void shouldCloseDescriptorsThatWereNotAnnounced() {
        assertRefuses(
                new Script() {
                    @Override
                    public void hello(Channel bytes) {
                        bytes.writeAndFlush(WELCOME);
                    }

                    @Override
                    public void attached(Channel bytes, Channel lane) {
                        for (int i = 0; i <= 64; i++) {
                            lane.write(copyOf(listening));
                        }
                        lane.flush();
                    }
                },
                "sent more than 64 descriptors ahead");
    }

    @Test
    void shouldStartAloneWhenThePredecessorDiesWithHalfOfTheListenersSent() throws Exception {
        try (FalsePredecessor predecessor = new FalsePredecessor(new Script() {
                    @Override
                    public void hello(Channel bytes) {
                        bytes.writeAndFlush(WELCOME);
                    }

                    @Override
                    public void attached(Channel bytes, Channel lane) {
                        bytes.write(new Message.Manifest(2));
                        bytes.writeAndFlush(announcement(0, address.getPort()));
                        lane.writeAndFlush(copyOf(listening)).addListener(written -> {
                            bytes.parent().close(); // first, as the kernel does: it has the lowest number
                            bytes.close();
                            lane.close();
                        });
                    }
                });
                Greeter young = new Greeter("young", Graceful.builder().handoffPath(path))) {
            assertThat(predecessor.channel.closeFuture().await(10, TimeUnit.SECONDS))
                    .isTrue();
            assertThat(young.graceful.generation()).isEqualTo(1);
            Channel listener = young.bind(new InetSocketAddress("127.0.0.1", 0));
            young.graceful.ready().join();
            assertThat(Greeter.ask(listener.localAddress())).isEqualTo("young");
        }
    }

    @Test
    void shouldGiveUpWhenItIsToldToStopBeforeTheListenersAreThere() throws Exception {
        CompletableFuture<Channel> receiving = new CompletableFuture<>();
        CompletableFuture<String> lastWord = new CompletableFuture<>();
        try (FalsePredecessor predecessor = new FalsePredecessor(new Script() {
            @Override
            public void hello(Channel bytes) {
                bytes.writeAndFlush(WELCOME);
            }

            @Override
            public void attached(Channel bytes, Channel lane) {
                receiving.complete(bytes);
            }

            @Override
            public void aborted(String reason) {
                lastWord.complete(reason);
            }
        })) {
            assertThat(predecessor.channel.isActive()).isTrue();
            GracefulRuntime young =
                    new GracefulRuntime(Graceful.builder().handoffPath(path).settings());
            CompletableFuture<Void> started = CompletableFuture.runAsync(young::start);
            Channel bytes = receiving.get(10, TimeUnit.SECONDS);
            CompletableFuture<GracefulRuntime.Exit> stopped = young.stop();
            bytes.writeAndFlush(new Message.Manifest(0));
            started.get(10, TimeUnit.SECONDS);
            assertThat(stopped.get(10, TimeUnit.SECONDS).handedOver()).isFalse();
            assertThat(lastWord.get(10, TimeUnit.SECONDS)).isEqualTo("the successor was told to stop");
        }
    }

    private void assertRefusesDescriptor(FileDescriptor descriptor, Description announced, String reason) {
        assertRefuses(
                new Script() {
                    @Override
                    public void hello(Channel bytes) {
                        bytes.writeAndFlush(WELCOME);
                    }

                    @Override
                    public void attached(Channel bytes, Channel lane) {
                        bytes.write(new Message.Manifest(1));
                        bytes.writeAndFlush(new Message.Descriptor(0, announced, Bytes.NONE));
                        lane.writeAndFlush(copyOf(descriptor));
                    }
                },
                reason);
    }

    private void assertRefuses(Script script, String reason) {
        try (FalsePredecessor predecessor = new FalsePredecessor(script)) {
            assertThat(predecessor.channel.isActive()).isTrue();
            assertThatThrownBy(() -> Graceful.builder().handoffPath(path).build())
                    .isInstanceOf(HandoffException.class)
                    .hasMessageContaining(reason);
            assertThat(path).as("the predecessor's path").exists();
        }
    }

    /** Netty does not close a descriptor that it has sent, so that the same one can be sent again. */
    private static FileDescriptor copyOf(FileDescriptor descriptor) {
        return new FileDescriptor(descriptor.intValue());
    }

    private static Description description(int port) {
        InetSocketAddress bound = new InetSocketAddress("127.0.0.1", port);
        StandardProtocolFamily family = io.netty.channel.unix.Socket.isIPv6Preferred()
                ? StandardProtocolFamily.INET6
                : StandardProtocolFamily.INET;
        return new Description(DescriptorKind.TCP_LISTENER, family, "", bound, null, null);
    }

    private static Message[] announcements(int count) {
        return Stream.concat(
                        Stream.of(WELCOME, new Message.Manifest(MessageCodec.MAX_DESCRIPTORS)),
                        IntStream.range(0, count).mapToObj(i -> announcement(i, 1)))
                .toArray(Message[]::new);
    }

    private static Message.Descriptor announcement(int index, int port) {
        return new Message.Descriptor(index, description(port), Bytes.NONE);
    }

    /** Listens at the handoff path and follows a script. */
    private final class FalsePredecessor implements AutoCloseable {
        final Channel channel;

        // Netty 4.2 does not always close what is left to a loop that is shut down.
        private final Queue<Channel> accepted = new ConcurrentLinkedQueue<>();

        FalsePredecessor(Script script) {
            AtomicReference<Channel> bytes = new AtomicReference<>();
            channel = new ServerBootstrap()
                    .group(loop)
                    .channel(EpollServerDomainSocketChannel.class)
                    .childHandler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel connection) {
                            accepted.add(connection);
                            connection.pipeline().addLast(new MessageHandler(), new Actor(script, bytes));
                        }
                    })
                    .bind(new DomainSocketAddress(path.toString()))
                    .syncUninterruptibly()
                    .channel();
        }

        @Override
        public void close() {
            channel.close().syncUninterruptibly();
            accepted.forEach(connection -> connection.close().syncUninterruptibly());
        }
    }

    private static final class Actor extends SimpleChannelInboundHandler<Message> {
        private final Script script;
        private final AtomicReference<Channel> bytes;

        Actor(Script script, AtomicReference<Channel> bytes) {
            this.script = script;
            this.bytes = bytes;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, Message message) throws IOException {
            if (message instanceof Message.Hello) {
                bytes.set(context.channel());
                script.hello(context.channel());
            } else if (message instanceof Message.Attach attach) {
                assertThat(attach.laneToken()).isEqualTo(LANE);
                script.attached(Objects.requireNonNull(bytes.get(), "no Hello"), context.channel());
            } else if (message instanceof Message.Abort abort) {
                script.aborted(abort.reason());
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close(); // the successor has hung up
        }
    }
}
