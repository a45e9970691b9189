// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.Site.Client;
import io.github.gracefulnetty.connection.ConnectionEnds;
import io.github.gracefulnetty.connection.Migratable;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.handler.codec.string.StringEncoder;
import io.netty.handler.stream.ChunkedWriteHandler;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Live connections go from one runtime to the next, in one JVM, on real sockets. */
@ExtendWith(DescriptorGate.class)
class MigrationTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);

    @TempDir
    Path directory;

    @Test
    void shouldMoveAnIdleConnectionWithoutItsClientsNotice() throws Exception {
        try (Site old = start(true)) {
            Channel listener = serve(old, ANY_PORT, http("old"));
            try (Client client = new Client(listener);
                    Client silent = new Client(listener)) {
                assertThat(client.ask("/")).isEqualTo("old");
                try (Site young = start(true)) {
                    serve(young, listener.localAddress(), http("young"));
                    ExitReport report = old.exit();
                    assertThat(client.ask("/")).isEqualTo("young");
                    assertThat(silent.ask("/")).isEqualTo("young");
                    assertThat(client.ask("/")).isEqualTo("young");
                    assertThat(report.connections()).isEqualTo(2);
                    assertThat(report.moved()).isEqualTo(2);
                    assertThat(report.drained()).isZero();
                    assertThat(report.forced()).isZero();
                    assertThat(report.byProtocol()).isEqualTo(Map.of("http/1.1", new ConnectionEnds(2, 0, 0, 0, 0)));
                }
            }
        }
    }

    @Test
    void shouldMoveThroughManyGenerations() throws Exception {
        Site current = start(true);
        Channel listener = serve(current, ANY_PORT, http("0"));
        try (Client client = new Client(listener)) {
            assertThat(client.ask("/")).isEqualTo("0"); // it was accepted: there is a lane
            for (int i = 1; i <= 3; i++) {
                Site next = start(true);
                serve(next, listener.localAddress(), http(Integer.toString(i)));
                assertThat(current.exit().moved()).isEqualTo(1);
                current.close();
                current = next;
                assertThat(client.ask("/")).isEqualTo(Integer.toString(i));
            }
        } finally {
            current.close();
        }
    }

    @Test
    void shouldAnswerWhatIsInProgressAndMoveAfterwards() throws Exception {
        Queue<Runnable> answers = new ConcurrentLinkedQueue<>();
        try (Site old = start(true)) {
            Channel listener = serve(old, ANY_PORT, () -> List.of(new HttpServerCodec(), new Answers("old", answers)));
            try (Client client = new Client(listener)) {
                client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
                await().until(() -> answers.size() == 2);
                try (Site young = start(true)) {
                    serve(young, listener.localAddress(), http("young"));
                    answers.remove().run();
                    assertThat(client.answer()).isEqualTo("old");
                    answers.remove().run();
                    assertThat(client.answer()).isEqualTo("old");
                    assertThat(old.exit().moved()).isEqualTo(1);
                    assertThat(client.ask("/3")).isEqualTo("young");
                }
            }
        }
    }

    /** Its client always has another request on its way, so that it is never idle. */
    @Test
    void shouldMoveBetweenTwoPipelinedRequests() throws Exception {
        Queue<Runnable> answers = new ConcurrentLinkedQueue<>();
        try (Site old = start(true)) {
            Channel listener = serve(old, ANY_PORT, () -> List.of(new HttpServerCodec(), new Answers("old", answers)));
            try (Client client = new Client(listener)) {
                client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
                await().until(() -> answers.size() == 2);
                try (Site young = start(true)) {
                    serve(young, listener.localAddress(), http("young"));
                    String name = "old";
                    while (name.equals("old")) {
                        client.send("GET /more HTTP/1.1\r\n\r\n");
                        await().until(() -> !answers.isEmpty() || client.hasAnswer());
                        Runnable answer = answers.poll();
                        if (answer != null) {
                            answer.run();
                        }
                        name = client.answer();
                    }
                    assertThat(client.answer()).isEqualTo("young");
                    assertThat(client.answer()).isEqualTo("young");
                    assertThat(client.ask("/")).isEqualTo("young");
                    assertThat(old.exit().moved()).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void shouldNotMoveInTheMiddleOfARequest() throws Exception {
        for (List<String> pieces : List.of(
                List.of("GET / HT", "TP/1.1\r\n\r\n"),
                List.of("GET / HTTP/1.1\r\n", "\r\n"),
                List.of("GET / HTTP/1.1\r\nA: b\r\n", "C: d\r\n\r\n"),
                List.of("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab", "cd"),
                List.of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n", "0\r\n\r\n"),
                List.of("GET /1 HTTP/1.1\r\n\r\nGET", " /2 HTTP/1.1\r\n\r\n"))) {
            shouldNotMoveBetween(pieces.get(0), pieces.get(1));
        }
    }

    private void shouldNotMoveBetween(String first, String second) throws Exception {
        try (Site old = start(true)) {
            Channel listener = serve(old, ANY_PORT, http("old"));
            try (Client client = new Client(listener);
                    Client other = new Client(listener)) {
                assertThat(client.ask("/")).isEqualTo("old");
                assertThat(other.ask("/")).isEqualTo("old");
                client.send(first);
                boolean answered = first.startsWith("GET /1");
                if (answered) {
                    assertThat(client.answer()).isEqualTo("old");
                } else {
                    // Read by the time another one is answered on the same loop, or on the other.
                    for (int i = 0; i < 20; i++) {
                        assertThat(other.ask("/")).isEqualTo("old");
                    }
                }
                try (Site young = start(true)) {
                    serve(young, listener.localAddress(), http("young"));
                    await().untilAsserted(() -> assertThat(other.ask("/")).isEqualTo("young"));
                    client.send(second);
                    assertThat(client.answer()).as(first).isEqualTo("old");
                    assertThat(old.exit().moved()).isEqualTo(2);
                    assertThat(client.ask("/")).isEqualTo("young");
                }
            }
        }
    }

    @Test
    void shouldDrainIfTheSuccessorTakesNoConnections() throws Exception {
        try (Site old = start(true)) {
            Channel listener = serve(old, ANY_PORT, http("old"));
            try (Client client = new Client(listener)) {
                assertThat(client.ask("/")).isEqualTo("old");
                try (Site young = start(false)) {
                    serve(young, listener.localAddress(), http("young"));
                    awaitDrainOf(client);
                    ExitReport report = old.exit();
                    assertThat(report.moved()).isZero();
                    assertThat(report.drained()).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void shouldDrainIfThePipelineOfTheSuccessorDoesNotMove() throws Exception {
        try (Site old = start(true)) {
            Channel listener = serve(old, ANY_PORT, http("old"));
            try (Client client = new Client(listener)) {
                assertThat(client.ask("/")).isEqualTo("old");
                try (Site young = start(true)) {
                    serve(young, listener.localAddress(), () -> List.of(new Counter()));
                    awaitDrainOf(client);
                    assertThat(old.exit().moved()).isZero();
                }
            }
        }
    }

    @Test
    void shouldMoveNoHandlersThatDidNotDeclareThemselves() throws Exception {
        try (Site old = new Site(builder())) {
            Channel listener = serve(old, ANY_PORT, http("old"));
            try (Client client = new Client(listener)) {
                assertThat(client.ask("/")).isEqualTo("old");
                try (Site young = new Site(builder())) {
                    serve(young, listener.localAddress(), http("young"));
                    awaitDrainOf(client);
                    assertThat(old.exit().moved()).isZero();
                }
            }
        }
    }

    /** It may hold half of a file, and nobody can tell. */
    @Test
    void shouldNotMoveAChunkedWriterOfAnUnknownProtocol() throws Exception {
        Supplier<List<ChannelHandler>> handlers = () -> {
            List<ChannelHandler> all = new ArrayList<>(counters());
            all.add(2, new ChunkedWriteHandler());
            return all;
        };
        try (Site old = start(true)) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (Client client = new Client(listener)) {
                assertThat(client.line()).isEqualTo("hello");
                try (Site young = start(true)) {
                    serve(young, listener.localAddress(), handlers);
                    assertThat(client.send("a\n").line()).isEqualTo("1 a");
                    client.close();
                    assertThat(old.exit().moved()).isZero();
                }
            }
        }
    }

    @Test
    void shouldTakeTheStateOfAProtocolOfTheApplicationAlong() throws Exception {
        try (Site old = new Site(builder())) {
            Channel listener = serve(old, ANY_PORT, MigrationTest::counters);
            try (Client client = new Client(listener);
                    Client inTheMiddle = new Client(listener)) {
                assertThat(client.line()).isEqualTo("hello");
                assertThat(inTheMiddle.line()).isEqualTo("hello");
                assertThat(client.send("a\n").line()).isEqualTo("1 a");
                assertThat(inTheMiddle.send("x\ny").line()).isEqualTo("1 x");
                try (Site young = new Site(builder())) {
                    serve(young, listener.localAddress(), MigrationTest::counters);
                    assertThat(client.send("b\n").line()).isEqualTo("2 b");
                    assertThat(inTheMiddle.send("z\n").line()).isEqualTo("2 yz");
                    assertThat(old.exit().moved()).isEqualTo(2);
                    assertThat(client.send("c\n").line()).isEqualTo("3 c");
                    assertThat(inTheMiddle.send("d\n").line()).isEqualTo("3 d");
                }
            }
        }
    }

    @Test
    void shouldServeOnWhatTheSuccessorRefuses() throws Exception {
        List<String> events = new ArrayList<>();
        try (Site old = new Site(builder().drainTimeout(Duration.ofSeconds(1)))) {
            Channel listener = serve(old, ANY_PORT, MigrationTest::counters);
            try (Client client = new Client(listener)) {
                assertThat(client.line()).isEqualTo("hello");
                assertThat(client.send("a\n").line()).isEqualTo("1 a");
                try (Site young = new Site(builder())) {
                    serve(
                            young,
                            listener.localAddress(),
                            () -> List.of(new LineBasedFrameDecoder(99), new Counter() {
                                @Override
                                public void restore(ChannelHandlerContext context, byte[] state) {
                                    events.add("asked");
                                    throw new IllegalStateException("not in this version");
                                }
                            }));
                    assertThat(client.send("b\n").line()).isEqualTo("2 b");
                    ExitReport report = old.exit();
                    assertThat(report.moved()).isZero();
                    assertThat(report.forced()).isEqualTo(1);
                    assertThat(report.byProtocol()).isEqualTo(Map.of("other", new ConnectionEnds(0, 0, 0, 1, 0)));
                    assertThat(events).containsExactly("asked");
                    assertThat(client.isAtEnd()).isTrue();
                }
            }
        }
    }

    @Test
    void shouldGiveAClientThatHalfClosesWhatItWouldHaveGotWithoutAMove() throws Exception {
        try (Site old = start(true)) {
            Channel listener = serve(old, ANY_PORT, http("old"));
            List<Client> clients = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                clients.add(new Client(listener));
                assertThat(clients.get(i).ask("/")).isEqualTo("old");
            }
            try (Site young = start(true)) {
                young.bind(listener.localAddress(), http("young"));
                Thread readies = new Thread(() -> young.graceful.ready().join());
                readies.start();
                for (Client client : clients) {
                    client.send("GET / HTTP/1.1\r\n\r\n").halfClose();
                }
                for (Client client : clients) {
                    assertThat(client.answer()).isIn("old", "young");
                    assertThat(client.isAtEnd()).isTrue();
                    client.close();
                }
                readies.join();
                old.exit();
            }
        }
    }

    private static void awaitDrainOf(Client client) throws Exception {
        String answer = "old";
        while (answer.equals("old")) {
            answer = client.ask("/");
        }
        assertThat(answer).isEqualTo("old (closes)");
        assertThat(client.isAtEnd()).isTrue();
    }

    private Graceful.Builder builder() {
        return Graceful.builder()
                .handoffPath(directory.resolve("handoff.sock"))
                .probation(Duration.ZERO)
                .drainTimeout(Duration.ofSeconds(30));
    }

    private Site start(boolean migrate) {
        return new Site(builder().migrateConnections(migrate));
    }

    private static Channel serve(Site site, java.net.SocketAddress address, Supplier<List<ChannelHandler>> handlers)
            throws Exception {
        Channel listener = site.bind(address, handlers);
        site.ready();
        return listener;
    }

    private static Supplier<List<ChannelHandler>> http(String name) {
        return () -> List.of(new HttpServerCodec(), new Answers(name, null));
    }

    private static List<ChannelHandler> counters() {
        return List.of(
                new LineBasedFrameDecoder(99), new StringDecoder(US_ASCII), new StringEncoder(US_ASCII), new Counter());
    }

    /** Answers each request with its name, when it is let. */
    private static final class Answers extends SimpleChannelInboundHandler<HttpObject> {
        private final String name;
        private final @Nullable Queue<Runnable> later;

        Answers(String name, @Nullable Queue<Runnable> later) {
            this.name = name;
            this.later = later;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
            if (message instanceof HttpRequest request) {
                assertThat(request.decoderResult().isSuccess()).isTrue();
            }
            Queue<Runnable> queue = later;
            if (message instanceof LastHttpContent && queue == null) {
                answer(context);
            } else if (message instanceof LastHttpContent && queue != null) {
                queue.add(() -> context.executor().execute(() -> answer(context)));
            }
        }

        private void answer(ChannelHandlerContext context) {
            FullHttpResponse response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.copiedBuffer(name + "\n", US_ASCII));
            response.headers()
                    .setInt(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
            context.writeAndFlush(response);
        }
    }

    /** Counts the lines of its client. */
    private static class Counter extends SimpleChannelInboundHandler<String> implements Migratable {
        private int lines = -1;

        @Override
        public void channelActive(ChannelHandlerContext context) {
            if (lines < 0) {
                lines = 0;
                context.writeAndFlush("hello\n");
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, String line) {
            context.writeAndFlush(++lines + " " + line + "\n");
        }

        @Override
        public byte[] state(ChannelHandlerContext context) {
            return new byte[] {(byte) lines};
        }

        @Override
        public void restore(ChannelHandlerContext context, byte[] state) {
            lines = state[0];
        }

        @Override
        public String stateName() {
            return "counter";
        }
    }
}
