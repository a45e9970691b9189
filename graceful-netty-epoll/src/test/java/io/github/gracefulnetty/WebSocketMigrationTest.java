// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static io.github.gracefulnetty.RawWebSocket.CLOSE;
import static io.github.gracefulnetty.RawWebSocket.CONTINUATION;
import static io.github.gracefulnetty.RawWebSocket.PING;
import static io.github.gracefulnetty.RawWebSocket.PONG;
import static io.github.gracefulnetty.RawWebSocket.TEXT;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.RawWebSocket.Frame;
import io.github.gracefulnetty.connection.ConnectionEnds;
import io.github.gracefulnetty.connection.Migratable;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler.HandshakeComplete;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** WebSockets go from one runtime to the next, in one JVM, on real sockets. */
@ExtendWith(DescriptorGate.class)
class WebSocketMigrationTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);
    private static final int LONGEST = 1 << 22;

    @TempDir
    Path directory;

    @Test
    void shouldMoveAWebSocketWithItsStateThroughManyGenerations() throws Exception {
        Site current = start();
        Channel listener = serve(current, ANY_PORT, counters("0"));
        try (RawWebSocket client = new RawWebSocket(listener, "Sec-WebSocket-Protocol: counting\r\n")) {
            assertThat(client.answer()).containsIgnoringCase("sec-websocket-protocol: counting");
            assertThat(client.read().text()).isEqualTo("hello");
            assertThat(client.ask("a")).isEqualTo("1 a from 0 counting");
            for (int i = 1; i <= 3; i++) {
                Site next = start();
                serve(next, listener.localAddress(), counters(Integer.toString(i)));
                ExitReport report = current.exit();
                assertThat(ConnectionEnds.describe(report.byProtocol())).isEqualTo("websocket: 1 moved");
                current.close();
                current = next;
                assertThat(client.ask("b")).isEqualTo((i + 1) + " b from " + i + " counting");
            }
            assertThat(client.bytes(RawWebSocket.frame(PING, true, "p")).read()).isEqualTo(new Frame(PONG, false, "p"));
            Frame end = client.bytes(RawWebSocket.close(1000)).read();
            assertThat(end.type()).isEqualTo(CLOSE);
            assertThat(end.status()).isEqualTo(1000);
            assertThat(client.isAtEnd()).isTrue();
        } finally {
            current.close();
        }
    }

    @Test
    void shouldNotMoveInTheMiddleOfAMessage() throws Exception {
        byte[] whole = RawWebSocket.text("whole");
        for (int piece = 1; piece < whole.length; piece += 3) {
            shouldNotMoveBetween(
                    java.util.Arrays.copyOfRange(whole, 0, piece),
                    java.util.Arrays.copyOfRange(whole, piece, whole.length));
        }
        shouldNotMoveBetween(RawWebSocket.frame(TEXT, false, "who"), RawWebSocket.frame(CONTINUATION, true, "le"));
    }

    private void shouldNotMoveBetween(byte[] first, byte[] second) throws Exception {
        try (Site old = start()) {
            Channel listener = serve(old, ANY_PORT, counters("old"));
            try (RawWebSocket client = new RawWebSocket(listener, "");
                    RawWebSocket other = new RawWebSocket(listener, "")) {
                assertThat(client.read().text()).isEqualTo("hello");
                assertThat(other.read().text()).isEqualTo("hello");
                client.bytes(RawWebSocket.text("a"), first);
                assertThat(client.read().text()).isEqualTo("1 a from old null");
                try (Site young = start()) {
                    serve(young, listener.localAddress(), counters("young"));
                    await().untilAsserted(() -> assertThat(other.ask("x")).contains("from young"));
                    client.bytes(second);
                    assertThat(client.read().text()).isEqualTo("2 whole from old null");
                    assertThat(old.exit().moved()).isEqualTo(2);
                    assertThat(client.ask("b")).isEqualTo("3 b from young null");
                }
            }
        }
    }

    @Test
    void shouldReadALongFrameInPiecesAndMoveAfterIt() throws Exception {
        String letters = "abcdefgh".repeat(LONGEST / 16);
        byte[] frame = RawWebSocket.text(letters);
        try (Site old = start()) {
            Channel listener = serve(old, ANY_PORT, counters("old"));
            try (RawWebSocket client = new RawWebSocket(listener, "")) {
                assertThat(client.read().text()).isEqualTo("hello");
                int half = frame.length / 2;
                client.bytes(java.util.Arrays.copyOfRange(frame, 0, half));
                try (Site young = start()) {
                    serve(young, listener.localAddress(), counters("young"));
                    client.bytes(java.util.Arrays.copyOfRange(frame, half, frame.length), RawWebSocket.text("b"));
                    assertThat(client.read().text()).isEqualTo("1 " + letters + " from old null");
                    assertThat(client.read().text()).startsWith("2 b");
                    assertThat(old.exit().moved()).isEqualTo(1);
                    assertThat(client.ask("c")).isEqualTo("3 c from young null");
                }
            }
        }
    }

    @Test
    void shouldNotMoveInTheMiddleOfAMessageOfTheServer() throws Exception {
        try (Site old = start()) {
            Counter counter = new Counter("old");
            Channel listener = serve(old, ANY_PORT, () -> pipeline(counter));
            try (RawWebSocket client = new RawWebSocket(listener, "");
                    Site young = start()) {
                assertThat(client.read().text()).isEqualTo("hello");
                assertThat(client.ask("begin")).isEqualTo("he");
                serve(young, listener.localAddress(), counters("young"));
                assertThat(client.ask("end")).isEqualTo("llo");
                assertThat(old.exit().moved()).isEqualTo(1);
                assertThat(client.ask("a")).isEqualTo("3 a from young null");
            }
        }
    }

    @Test
    void shouldLeaveAWebSocketThatIsBeingClosedAlone() throws Exception {
        try (Site old = start()) {
            Channel listener = serve(old, ANY_PORT, counters("old"));
            try (RawWebSocket client = new RawWebSocket(listener, "");
                    RawWebSocket other = new RawWebSocket(listener, "");
                    Site young = start()) {
                assertThat(client.read().text()).isEqualTo("hello");
                assertThat(other.read().text()).isEqualTo("hello");
                assertThat(client.bytes(RawWebSocket.text("leave")).read().status())
                        .isEqualTo(1000);
                serve(young, listener.localAddress(), counters("young"));
                await().untilAsserted(() -> assertThat(other.ask("x")).contains("from young"));
                Frame end = client.bytes(RawWebSocket.close(1000)).read();
                assertThat(end.status()).as("of Netty, which answers its own").isEqualTo(1000);
                assertThat(client.isAtEnd()).isTrue();
                assertThat(old.exit().moved()).isEqualTo(1);
            }
        }
    }

    @Test
    void shouldCloseACompressedWebSocket() throws Exception {
        assertServiceRestart(() -> pipeline(new Counter("old")), "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    }

    @Test
    void shouldCloseAWebSocketWhoseHandlerDoesNotSayThatItMoves() throws Exception {
        assertServiceRestart(
                () -> List.of(
                        new HttpServerCodec(),
                        new HttpObjectAggregator(99),
                        new WebSocketServerProtocolHandler("/ws"),
                        new SimpleChannelInboundHandler<TextWebSocketFrame>() {
                            @Override
                            protected void channelRead0(ChannelHandlerContext context, TextWebSocketFrame message) {}
                        }),
                "");
    }

    /** A ticket that is good for once must not be read twice. */
    @Test
    void shouldCloseAWebSocketWhoseRequestMustNotBeRepeated() throws Exception {
        assertServiceRestart(
                () -> List.of(
                        new HttpServerCodec(),
                        new HttpObjectAggregator(99),
                        new WebSocketServerProtocolHandler("/ws"),
                        new Silent() {
                            @Override
                            public boolean mayRepeatRequest() {
                                return false;
                            }
                        }),
                "");
    }

    /** Who knows of it has gone by the time that it could move. */
    @Test
    void shouldCloseAWebSocketWhoseTicketWasCheckedByAHandlerThatHasGone() throws Exception {
        assertServiceRestart(
                () -> List.of(
                        new HttpServerCodec(),
                        new HttpObjectAggregator(99),
                        new Ticket(),
                        new WebSocketServerProtocolHandler("/ws"),
                        new Silent()),
                "");
    }

    private static final class Ticket extends ChannelInboundHandlerAdapter implements Migratable {
        @Override
        public boolean mayRepeatRequest() {
            return false;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.fireChannelRead(message);
            context.pipeline().remove(this);
        }
    }

    /** It asks somebody else first: within the reading of the request there is no answer. */
    @Test
    void shouldCloseAWebSocketThatWasAnsweredLate() throws Exception {
        assertServiceRestart(
                () -> List.of(
                        new HttpServerCodec(),
                        new HttpObjectAggregator(99),
                        new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelRead(ChannelHandlerContext context, Object message) {
                                if (message instanceof HttpRequest) {
                                    context.executor().execute(() -> context.fireChannelRead(message));
                                } else {
                                    context.fireChannelRead(message);
                                }
                            }
                        },
                        new WebSocketServerProtocolHandler("/ws"),
                        new Silent()),
                "");
    }

    /** After a login, for instance: no request brings that about again. */
    @Test
    void shouldCloseAWebSocketWhosePipelineHasChangedSinceItWasOpened() throws Exception {
        Supplier<List<ChannelHandler>> handlers = () -> List.of(
                new HttpServerCodec(),
                new HttpObjectAggregator(99),
                new WebSocketServerProtocolHandler("/ws"),
                new Silent() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext context, TextWebSocketFrame message) {
                        context.pipeline().addLast(new ChannelInboundHandlerAdapter());
                        context.writeAndFlush(new TextWebSocketFrame("welcome"));
                    }
                });
        try (Site old = start()) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (RawWebSocket client = new RawWebSocket(listener, "");
                    RawWebSocket other = new RawWebSocket(listener, "");
                    Site young = start()) {
                assertThat(client.ask("login")).isEqualTo("welcome");
                serve(young, listener.localAddress(), handlers);
                assertThat(client.read().status()).isEqualTo(1012);
                client.bytes(RawWebSocket.close(1012));
                assertThat(client.isAtEnd()).isTrue();
                assertThat(ConnectionEnds.describe(old.exit().byProtocol())).isEqualTo("websocket: 1 moved, 1 drained");
                assertThat(other.ask("login")).isEqualTo("welcome");
            }
        }
    }

    /** Neither process can build it again, once it has left: its client is told all the same. */
    @Test
    void shouldTellAWebSocketThatNobodyRestores() throws Exception {
        AtomicInteger restored = new AtomicInteger();
        Supplier<List<ChannelHandler>> handlers = () -> List.of(
                new HttpServerCodec(),
                new HttpObjectAggregator(99),
                new WebSocketServerProtocolHandler("/ws"),
                new Silent() {
                    @Override
                    public byte[] state(ChannelHandlerContext context) {
                        return new byte[1];
                    }

                    @Override
                    public void restore(ChannelHandlerContext context, byte[] state) {
                        restored.incrementAndGet();
                        throw new NoClassDefFoundError("as the test wants");
                    }
                });
        assertServiceRestart(handlers, "");
        assertThat(restored).as("in both processes").hasValue(2);
    }

    private static class Silent extends SimpleChannelInboundHandler<TextWebSocketFrame> implements Migratable {
        @Override
        protected void channelRead0(ChannelHandlerContext context, TextWebSocketFrame message) {}
    }

    private void assertServiceRestart(Supplier<List<ChannelHandler>> handlers, String headers) throws Exception {
        try (Site old = start()) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (RawWebSocket client = new RawWebSocket(listener, headers);
                    Site young = start()) {
                boolean greets = headers.isEmpty();
                assertThat(greets || client.read().compressed()).isTrue();
                serve(young, listener.localAddress(), handlers);
                assertThat(client.read().status()).isEqualTo(1012);
                client.bytes(RawWebSocket.close(1012));
                assertThat(client.isAtEnd()).isTrue();
                assertThat(old.exit().drained()).isEqualTo(1);
            }
        }
    }

    @Test
    void shouldMoveBetweenARequestDecoderAndAResponseEncoder() throws Exception {
        Supplier<List<ChannelHandler>> parts = () -> {
            List<ChannelHandler> handlers = new ArrayList<>(pipeline(new Counter("x")));
            handlers.set(0, new HttpResponseEncoder());
            handlers.add(0, new HttpRequestDecoder());
            return handlers;
        };
        try (Site old = start()) {
            Channel listener = serve(old, ANY_PORT, parts);
            try (RawWebSocket client = new RawWebSocket(listener, "");
                    Site young = start()) {
                assertThat(client.read().text()).isEqualTo("hello");
                assertThat(client.ask("a")).isEqualTo("1 a from x null");
                serve(young, listener.localAddress(), parts);
                assertThat(old.exit().moved()).isEqualTo(1);
                assertThat(client.ask("b")).isEqualTo("2 b from x null");
            }
        }
    }

    @Test
    void shouldServeOnWhatTheSuccessorDoesNotOpen() throws Exception {
        try (Site old = new Site(builder().drainTimeout(Duration.ofSeconds(1)))) {
            Channel listener = serve(old, ANY_PORT, counters("old"));
            try (RawWebSocket client = new RawWebSocket(listener, "");
                    Site young = start()) {
                assertThat(client.read().text()).isEqualTo("hello");
                assertThat(client.ask("a")).isEqualTo("1 a from old null");
                serve(
                        young,
                        listener.localAddress(),
                        () -> List.of(
                                new HttpServerCodec(),
                                new HttpObjectAggregator(99),
                                new WebSocketServerProtocolHandler("/elsewhere"),
                                new Counter("young")));
                assertThat(client.read().status()).isEqualTo(1012);
                assertThat(client.bytes(RawWebSocket.close(1012)).isAtEnd()).isTrue();
                assertThat(old.exit().moved()).isZero();
            }
        }
    }

    private Graceful.Builder builder() {
        return Graceful.builder()
                .handoffPath(directory.resolve("handoff.sock"))
                .probation(Duration.ZERO)
                .migrateConnections(true)
                .drainTimeout(Duration.ofSeconds(30));
    }

    private Site start() {
        return new Site(builder());
    }

    private static Channel serve(Site site, java.net.SocketAddress address, Supplier<List<ChannelHandler>> handlers)
            throws Exception {
        Channel listener = site.bind(address, handlers);
        site.ready();
        return listener;
    }

    private static Supplier<List<ChannelHandler>> counters(String name) {
        return () -> pipeline(new Counter(name));
    }

    private static List<ChannelHandler> pipeline(Counter counter) {
        return List.of(
                new HttpServerCodec(),
                new HttpObjectAggregator(99),
                new WebSocketServerCompressionHandler(0),
                new WebSocketServerProtocolHandler(WebSocketServerProtocolConfig.newBuilder()
                        .websocketPath("/ws")
                        .subprotocols("counting")
                        .allowExtensions(true)
                        .maxFramePayloadLength(LONGEST)
                        .build()),
                new WebSocketFrameAggregator(LONGEST),
                counter);
    }

    /** Greets, and counts the messages of its client. */
    private static final class Counter extends SimpleChannelInboundHandler<TextWebSocketFrame> implements Migratable {
        private final String name;
        private int messages;
        private String subprotocol = "";

        Counter(String name) {
            this.name = name;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof HandshakeComplete opened) {
                subprotocol = String.valueOf(opened.selectedSubprotocol());
                context.writeAndFlush(new TextWebSocketFrame("hello"));
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, TextWebSocketFrame message) {
            messages++;
            switch (message.text()) {
                case "begin" -> context.writeAndFlush(new TextWebSocketFrame(false, 0, "he"));
                case "end" -> context.writeAndFlush(new ContinuationWebSocketFrame(true, 0, "llo"));
                case "leave" -> context.writeAndFlush(new CloseWebSocketFrame(1000, "bye"));
                default ->
                    context.writeAndFlush(new TextWebSocketFrame(
                            messages + " " + message.text() + " from " + name + " " + subprotocol));
            }
        }

        @Override
        public byte[] state(ChannelHandlerContext context) {
            return Integer.toString(messages).getBytes(US_ASCII);
        }

        @Override
        public void restore(ChannelHandlerContext context, byte[] state) {
            messages = Integer.parseInt(new String(state, US_ASCII));
        }

        @Override
        public String stateName() {
            return "counter";
        }
    }
}
