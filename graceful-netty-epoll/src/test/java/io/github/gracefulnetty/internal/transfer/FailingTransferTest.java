// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.DescriptorGate;
import io.github.gracefulnetty.epoll.EpollTransport;
import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.process.Log;
import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.PeerCredentials;
import io.netty.channel.unix.Socket;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A transfer between two ends whose users throw what nobody expects: both ends hear why, once, and no descriptor stays open,
 * though their event loop goes on.
 */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class FailingTransferTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int DESCRIPTORS = 3;

    @TempDir
    private Path directory;

    private final EpollTransport transport = new EpollTransport();
    private final ControlLoop control = NativeCalls.unchecked(() -> new ControlLoop(transport));
    private final List<Socket> sockets = new ArrayList<>();
    private final List<String> predecessor = new CopyOnWriteArrayList<>();
    private final List<String> successor = new CopyOnWriteArrayList<>();
    private @Nullable HandoffServer server;
    private String where = "nowhere";
    private Throwable failure = new AssertionError("not set");
    private long usual;

    @BeforeEach
    void listen() throws Exception {
        for (int i = 0; i < DESCRIPTORS; i++) {
            Socket socket = Socket.newSocketDgram();
            sockets.add(socket);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        }
        HandoffPath path = new HandoffPath(directory.resolve("handoff.sock"));
        server = onLoop(() -> {
            HandoffServer bound = new HandoffServer(transport, control, path, new Predecessor());
            path.publishFresh();
            return bound;
        });
        usual = openSockets();
    }

    @AfterEach
    void close() throws Exception {
        onLoop(() -> {
            if (server != null) {
                server.close();
            }
            return control.shutDown();
        });
        assertThat(control.loop().awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    private interface Step<T> {
        T take() throws Exception;
    }

    private <T> T onLoop(Step<T> step) throws Exception {
        return control.loop().submit(step::take).get(30, TimeUnit.SECONDS);
    }

    private static long openSockets() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.filter(FailingTransferTest::isSocket).count();
        }
    }

    private static boolean isSocket(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
        } catch (IOException e) {
            return false; // closed meanwhile
        }
    }

    private void at(String here) {
        if (here.equals(where)) {
            throw FailingTransferTest.<RuntimeException>sneaky(failure);
        }
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T extends Throwable> RuntimeException sneaky(Throwable failure) throws T {
        throw (T) failure;
    }

    private final class Item implements DescriptorSender.Item {
        private final int index;

        Item(int index) {
            this.index = index;
        }

        @Override
        public Description description() {
            at("description");
            StandardProtocolFamily family =
                    Socket.isIPv6Preferred() ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
            InetSocketAddress bound = sockets.get(index).localAddress();
            return new Description(DescriptorKind.UDP, family, "udp" + index, bound, null, null);
        }

        @Override
        public Bytes metadata() {
            return Bytes.NONE;
        }

        @Override
        public FileDescriptor descriptor() {
            at("descriptor");
            return sockets.get(index);
        }
    }

    private final class Predecessor implements HandoffServer.Receptionist, OutgoingTransfer.Events {
        private @Nullable OutgoingTransfer transfer;

        @Override
        public void hello(Channel connection, PeerCredentials peer, Message.Hello hello) {
            at("hello");
            OutgoingTransfer begun = new OutgoingTransfer(control, connection, "the successor", PATIENCE, this);
            transfer = begun;
            begun.welcome(1, PATIENCE.toMillis());
        }

        @Override
        public void attach(Channel connection, PeerCredentials peer, Message.Attach attach) {
            at("attach");
            List<Item> items = new ArrayList<>();
            for (int i = 0; i < DESCRIPTORS; i++) {
                items.add(new Item(i));
            }
            begun().attached(
                            connection,
                            new OutgoingTransfer.Contents(Map.of("s", new ByteArrayInputStream(new byte[7])), items));
        }

        private OutgoingTransfer begun() {
            if (transfer == null) {
                throw new IllegalStateException("no Hello");
            }
            return transfer;
        }

        @Override
        public void sent() {
            at("sent");
            begun().send(new Message.Confirmed());
        }

        @Override
        public boolean said(Message message) {
            at("predecessor said");
            begun().close();
            begun().connection().close();
            return true;
        }

        @Override
        public void failed(String reason) {
            predecessor.add(reason);
        }

        @Override
        public void hungUp() {
            predecessor.add("hung up");
        }
    }

    private final class Successor implements IncomingTransfer.Events {
        private final IncomingTransfer transfer;

        Successor(NativeTransport used) {
            transfer = new IncomingTransfer(
                    used,
                    control,
                    new IncomingTransfer.Request(Message.Purpose.TAKE_OVER, Token.NONE, "", PATIENCE, 1 << 16),
                    "the predecessor's path",
                    this);
        }

        @Override
        public void welcome(Message.Welcome welcome) {
            at("welcome");
        }

        @Override
        public void states(Map<String, byte[]> states) {
            at("states");
        }

        @Override
        public void received(Inherited descriptor) {
            at("received " + descriptor.index());
            descriptor.descriptor().close();
        }

        @Override
        public void complete() {
            at("complete");
        }

        @Override
        public boolean said(Message message) {
            at("successor said");
            transfer.send(new Message.Ready());
            return true;
        }

        @Override
        public void absent() {
            successor.add("absent");
            at("absent");
        }

        @Override
        public void failed(String reason) {
            successor.add(reason);
            at("failed");
        }

        @Override
        public void hungUp() {
            successor.add("hung up");
            at("hung up");
        }
    }

    private void transfer(String failsAt, Throwable thrown) throws Exception {
        transfer(failsAt, thrown, transport, directory.resolve("handoff.sock"));
    }

    private void transfer(String failsAt, Throwable thrown, NativeTransport used, Path path) throws Exception {
        where = failsAt;
        failure = thrown;
        onLoop(() -> {
            new Successor(used).transfer.connect(path);
            return true;
        });
    }

    /** Nothing more is said, as all connections are closed. */
    private void assertSaid(List<String> successorHears, List<String> predecessorHears) {
        await().untilAsserted(() -> assertThat(openSockets()).as("open sockets").isEqualTo(usual));
        await().untilAsserted(() -> assertThat(predecessor).isEqualTo(predecessorHears));
        await().untilAsserted(() -> assertThat(successor).isEqualTo(successorHears));
    }

    private static Stream<Arguments> each(String... callbacks) {
        return Stream.of(callbacks)
                .flatMap(callback -> Stream.of(
                                new IllegalStateException("no such thing"),
                                new ChannelException("no such option"),
                                new CompletionException(new IOException("the disk is full")),
                                new NoClassDefFoundError("com/example/Gone"))
                        .map(thrown -> Arguments.of(callback, thrown)));
    }

    static Stream<Arguments> ofTheSuccessor() {
        return each("welcome", "states", "received 0", "received 2", "complete", "successor said");
    }

    static Stream<Arguments> ofThePredecessor() {
        return each("sent", "predecessor said");
    }

    static Stream<Arguments> ofAnItem() {
        return each("descriptor", "description");
    }

    static Stream<Arguments> ofTheReceptionist() {
        return each("hello", "attach");
    }

    @Test
    void shouldEndWithoutAFailureWhenNobodyThrows() throws Exception {
        transfer("nowhere", failure);
        assertSaid(List.of("hung up"), List.of("hung up"));
    }

    @ParameterizedTest
    @MethodSource("ofTheSuccessor")
    void shouldTellBothWhatTheSuccessorsUserThrows(String callback, Throwable thrown) throws Exception {
        transfer(callback, thrown);
        String reason = Reasons.of(thrown);
        assertSaid(List.of(reason), List.of("the successor says: " + reason, "hung up"));
    }

    @ParameterizedTest
    @MethodSource("ofThePredecessor")
    void shouldTellBothWhatThePredecessorsUserThrows(String callback, Throwable thrown) throws Exception {
        transfer(callback, thrown);
        String reason = "the conversation with the successor failed: " + Reasons.of(thrown);
        assertSaid(List.of(predecessorSays(reason)), List.of(reason, "hung up"));
    }

    @ParameterizedTest
    @MethodSource("ofAnItem")
    void shouldTellBothThatOneCannotBeSent(String callback, Throwable thrown) throws Exception {
        transfer(callback, thrown);
        await().until(() -> predecessor.size() == 2);
        String reason = predecessor.get(0);
        assertThat(reason).startsWith("cannot send the descriptor of ").endsWith(": " + Reasons.of(thrown));
        assertSaid(List.of(predecessorSays(reason)), List.of(reason, "hung up"));
    }

    @ParameterizedTest
    @MethodSource("ofTheReceptionist")
    void shouldTellTheSuccessorWhyItCouldNotBeReceived(String callback, Throwable thrown) throws Exception {
        transfer(callback, thrown);
        await().until(() -> !successor.isEmpty());
        if (callback.equals("hello")) {
            String reason = "you could not be served: " + Reasons.of(thrown);
            assertSaid(List.of("the predecessor at the predecessor's path says: " + reason), List.of());
        } else {
            // The reason went where the successor reads descriptors only.
            assertThat(successor).singleElement().asString().contains("descriptor connection");
            assertSaid(successor, List.of("the successor says: " + successor.get(0), "hung up"));
        }
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void shouldTellItsUserThatItHasThrownAtTheEnd(Throwable thrown) throws Exception {
        transfer("hung up", thrown);
        assertSaid(List.of("hung up", Reasons.of(thrown)), List.of("hung up"));
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void shouldTellItsUserThatItHasThrownWhereNobodyListens(Throwable thrown) throws Exception {
        transfer("absent", thrown, transport, directory.resolve("nobody.sock"));
        assertSaid(List.of("absent", Reasons.of(thrown)), List.of());
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void shouldCloseEverythingWhenItsUserDoesNotEvenWantToKnow(Throwable thrown) throws Exception {
        transfer("failed", thrown, withFailing("peerCredentials", new IllegalStateException("not told")), server());
        assertSaid(List.of("not told"), List.of());
    }

    static Stream<Throwable> thrown() {
        return each("").map(arguments -> (Throwable) arguments.get()[1]);
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void shouldTellItsUserWhatTheTransportThrowsOnceItIsConnected(Throwable thrown) throws Exception {
        transfer("nowhere", failure, withFailing("peerCredentials", thrown), server());
        assertSaid(List.of(Reasons.of(thrown)), List.of());
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void shouldTellBothWhatTheTransportThrowsForTheDescriptorConnection(Throwable thrown) throws Exception {
        transfer("nowhere", failure, withFailing("receiveDescriptors", thrown), server());
        String reason = Reasons.of(thrown);
        assertSaid(List.of(reason), List.of("the successor says: " + reason, "hung up"));
    }

    @Test
    void shouldLogWhatATimerThrows() throws Exception {
        AssertionError thrown = new AssertionError("thrown by a timer: expected in this log");
        CompletableFuture<@Nullable Throwable> logged = new CompletableFuture<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord record) {
                logged.complete(record.getThrown());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger(Log.NAME);
        logger.addHandler(handler);
        try {
            onLoop(() -> control.schedule(
                    () -> {
                        throw thrown;
                    },
                    Duration.ZERO));
            assertThat(logged.get(30, TimeUnit.SECONDS)).isSameAs(thrown);
        } finally {
            logger.removeHandler(handler);
        }
    }

    private Path server() {
        return directory.resolve("handoff.sock");
    }

    private NativeTransport withFailing(String method, Throwable thrown) {
        return (NativeTransport) Proxy.newProxyInstance(
                NativeTransport.class.getClassLoader(),
                new Class<?>[] {NativeTransport.class},
                (proxy, called, arguments) -> {
                    if (called.getName().equals(method)) {
                        throw thrown;
                    }
                    try {
                        return called.invoke(transport, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static String predecessorSays(String reason) {
        return "the predecessor (pid " + ProcessHandle.current().pid() + ") says: " + reason;
    }
}
