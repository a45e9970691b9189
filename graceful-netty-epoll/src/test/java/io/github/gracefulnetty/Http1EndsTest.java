// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.Site.Client;
import io.github.gracefulnetty.connection.ConnectionEnds;
import io.github.gracefulnetty.connection.DrainEvent;
import io.github.gracefulnetty.internal.protocols.ReadPause;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerExpectContinueHandler;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The table in docs/mechanisms.md: whatever an HTTP/1.1 connection is doing when its process is replaced. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
@SuppressWarnings("NullAway.Init") // by connect(), with which every test begins
class Http1EndsTest {
    /** What is to become of connections. */
    enum Way {
        DRAIN,
        MOVE
    }

    private static final String GET = "GET / HTTP/1.1\r\n\r\n";
    private static final String LATER = "GET /later HTTP/1.1\r\n\r\n";

    @TempDir
    Path directory;

    private final Queue<Runnable> steps = ScriptedHttp.steps();
    private final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
    private Duration probation = Duration.ZERO;
    private Way way;
    private Site old;
    private Site young;
    private Client client;
    private Channel connection;

    /** One connection, whose server is about to be replaced. */
    private void connect(Way chosen) throws Exception {
        connect(chosen, false);
    }

    private void connect(Way chosen, boolean halfClosure) throws Exception {
        way = chosen;
        old = site();
        Channel listener = old.bind(new InetSocketAddress("127.0.0.1", 0), handlers("old", halfClosure));
        old.ready();
        client = new Client(listener);
        assertThat(client.ask("/")).isEqualTo("old");
        connection = accepted.take();
        young = site();
        young.bind(listener.localAddress(), handlers("young", halfClosure));
    }

    private Site site() {
        return new Site(Graceful.builder()
                .handoffPath(directory.resolve("handoff.sock"))
                .probation(probation)
                .drainTimeout(Duration.ofSeconds(20))
                .migrateConnections(way == Way.MOVE));
    }

    private Supplier<List<ChannelHandler>> handlers(String name, boolean halfClosure) {
        ChannelHandler first = new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRegistered(ChannelHandlerContext context) {
                accepted.add(context.channel());
                context.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, halfClosure);
                context.fireChannelRegistered();
            }

            @Override
            public boolean isSharable() {
                return true;
            }
        };
        return () -> List.of(
                first, new HttpServerCodec(), new HttpServerExpectContinueHandler(), new ScriptedHttp(name, steps));
    }

    /** Until the connection has been asked to end or to move. */
    private void replace() throws Exception {
        young.ready();
        await().until(() -> !connection.isOpen()
                || DrainEvent.hasBegun(connection)
                || connection.pipeline().toMap().values().stream()
                        .anyMatch(handler -> handler.getClass().getSimpleName().equals("Waiting")));
    }

    private void proceed() {
        await().until(() -> !steps.isEmpty());
        ScriptedHttp.proceed(steps);
    }

    /** The last answer of this process. */
    private String last(String answer) {
        return way == Way.MOVE ? answer : answer + " (closes)";
    }

    private void shouldEnd() throws Exception {
        if (way == Way.MOVE) {
            assertThat(client.ask("/")).isEqualTo("young");
        } else {
            assertThat(client.isAtEnd()).isTrue();
            client.close();
        }
        ExitReport report = old.exit();
        assertThat(report.forced()).isZero();
        assertThat(ConnectionEnds.describe(report.byProtocol()))
                .isEqualTo(way == Way.MOVE ? "http/1.1: 1 moved" : "http/1.1: 1 drained");
    }

    /** Neither here nor in the successor. */
    private void shouldBeOver() throws Exception {
        assertThat(client.isAtEnd()).isTrue();
        client.close();
        ExitReport report = old.exit();
        assertThat(report.forced()).isZero();
        assertThat(report.moved()).isZero();
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        young.close();
        old.close();
    }

    @ParameterizedTest
    @EnumSource
    void shouldNotCloseAnIdleConnection(Way chosen) throws Exception {
        connect(chosen);
        replace();
        if (way == Way.DRAIN) {
            assertThat(client.ask("/")).isEqualTo("old (closes)");
        }
        shouldEnd();
    }

    @Test
    void shouldReportAConnectionThatItsClientEndsWithoutAnotherRequest() throws Exception {
        connect(Way.DRAIN);
        replace();
        client.close();
        assertThat(ConnectionEnds.describe(old.exit().byProtocol())).isEqualTo("http/1.1: 1 closed when idle");
    }

    @ParameterizedTest
    @EnumSource
    void shouldAnswerTheRequestInFlight(Way chosen) throws Exception {
        connect(chosen);
        client.send(LATER);
        await().until(() -> steps.size() == 1);
        replace();
        proceed();
        assertThat(client.answer()).isEqualTo(last("old"));
        shouldEnd();
    }

    @ParameterizedTest
    @EnumSource
    void shouldAnswerAllRequestsThatWerePipelined(Way chosen) throws Exception {
        connect(chosen);
        client.send(LATER + LATER + LATER);
        await().until(() -> steps.size() == 3);
        replace();
        proceed();
        assertThat(client.answer()).isEqualTo("old");
        proceed();
        assertThat(client.answer()).isEqualTo("old");
        proceed();
        assertThat(client.answer()).isEqualTo(last("old"));
        shouldEnd();
    }

    @ParameterizedTest
    @EnumSource
    void shouldAnswerRequestsThatArePipelinedDuringTheDrain(Way chosen) throws Exception {
        connect(chosen);
        client.send(LATER);
        await().until(() -> steps.size() == 1);
        replace();
        client.send(GET + LATER);
        assertThat(client.answer()).as("answered out of order, by this handler").isEqualTo("old");
        proceed();
        assertThat(client.answer()).isEqualTo("old");
        proceed();
        assertThat(client.answer()).isEqualTo(last("old"));
        shouldEnd();
    }

    @ParameterizedTest
    @EnumSource
    void shouldCountARequestWhoseFirstBytesHaveArrived(Way chosen) throws Exception {
        connect(chosen);
        client.send(LATER + "GET / HT");
        await().until(() -> steps.size() == 1);
        replace();
        proceed();
        assertThat(client.answer()).isEqualTo("old");
        client.send("TP/1.1\r\n\r\n");
        assertThat(client.answer()).isEqualTo(last("old"));
        shouldEnd();
    }

    @ParameterizedTest
    @EnumSource
    void shouldContinueAndReadWhatWasExpected(Way chosen) throws Exception {
        connect(chosen);
        client.send("POST /upload HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        assertThat(client.until("\r\n\r\n")).startsWith("HTTP/1.1 100");
        replace();
        client.send("abcd");
        assertThat(client.answer()).isEqualTo(last("old got 4"));
        shouldEnd();
    }

    @ParameterizedTest
    @EnumSource
    void shouldReadAnUploadToItsEnd(Way chosen) throws Exception {
        connect(chosen);
        client.send("POST /upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n3\r\nab");
        readBy("old");
        replace();
        client.send("c\r\n0\r\n\r\n");
        assertThat(client.answer()).isEqualTo(last("old got 7"));
        shouldEnd();
    }

    /** What was sent has been read by the time that others are answered on each loop. */
    private void readBy(String name) throws Exception {
        for (int i = 0; i < 2; i++) {
            try (Client other = new Client(connection.parent())) {
                for (int j = 0; j < 5; j++) {
                    assertThat(other.ask("/")).isEqualTo(name);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldSendADownloadToItsEnd(Way chosen) throws Exception {
        connect(chosen);
        client.send("GET /download HTTP/1.1\r\n\r\n");
        client.until("begun by old\n\r\n");
        replace();
        proceed();
        client.until("ended by old\n\r\n0\r\n\r\n");
        if (way == Way.DRAIN) {
            assertThat(client.ask("/")).isEqualTo("old (closes)");
        }
        shouldEnd();
    }

    @ParameterizedTest
    @EnumSource
    void shouldTellAnEndlessResponseOfTheDrain(Way chosen) throws Exception {
        connect(chosen);
        client.send("GET /events HTTP/1.1\r\n\r\n");
        client.until("begun by old\n\r\n");
        replace();
        client.until("ended by old\n\r\n0\r\n\r\n");
        if (way == Way.DRAIN) {
            assertThat(client.ask("/")).isEqualTo("old (closes)");
        }
        shouldEnd();
    }

    @ParameterizedTest
    @EnumSource
    void shouldLeaveATunnelAloneThatIsOpenedDuringTheDrain(Way chosen) throws Exception {
        connect(chosen);
        client.send("CONNECT x:1 HTTP/1.1\r\n\r\n");
        await().until(() -> steps.size() == 1);
        replace();
        proceed();
        shouldEcho("200");
    }

    @ParameterizedTest
    @EnumSource
    void shouldLeaveATunnelAlone(Way chosen) throws Exception {
        connect(chosen);
        client.send("CONNECT x:1 HTTP/1.1\r\n\r\n");
        proceed();
        client.until("200 OK\r\n");
        client.until("\r\n");
        replace();
        shouldEchoOpaque();
    }

    @ParameterizedTest
    @EnumSource
    void shouldSwitchToAnotherProtocol(Way chosen) throws Exception {
        connect(chosen);
        client.send("GET /switch HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
        await().until(() -> steps.size() == 1);
        replace();
        proceed();
        shouldEcho("101");
    }

    private boolean isPaused() {
        return ReadPause.isOn(connection);
    }

    @Test
    void shouldTellAClientThatAlwaysHasAnotherRequestOnItsWay() throws Exception {
        connect(Way.DRAIN);
        client.send(LATER + LATER);
        await().until(() -> steps.size() == 2);
        replace();
        String answer = "old";
        while (answer.equals("old")) {
            client.send(LATER);
            proceed();
            answer = client.answer();
        }
        assertThat(answer).isEqualTo("old (closes)");
        assertThat(steps).as("requests that were read and not answered").isEmpty();
        shouldEnd();
    }

    @Test
    void shouldReadOnIfTheLastResponseHadBegunBeforeTheDrain() throws Exception {
        connect(Way.DRAIN);
        client.send("GET /download HTTP/1.1\r\n\r\n");
        client.until("begun by old\n");
        replace();
        await().until(this::isPaused);
        client.send(GET);
        proceed();
        client.until("ended by old\n\r\n0\r\n\r\n");
        assertThat(client.answer()).isEqualTo("old (closes)");
        shouldEnd();
    }

    @Test
    void shouldReadOnIfThisProcessServesAgain() throws Exception {
        probation = Duration.ofMinutes(1);
        connect(Way.MOVE);
        client.send(LATER + LATER);
        await().until(() -> steps.size() == 2);
        replace();
        await().until(this::isPaused);
        young.graceful.rollBack("no database").join();
        await().until(() -> !isPaused());
        proceed();
        assertThat(client.answer()).isEqualTo("old");
        proceed();
        assertThat(client.answer()).isEqualTo("old");
    }

    @Test
    void shouldReadOnInAnotherProtocol() throws Exception {
        connect(Way.DRAIN);
        client.send("GET /switch HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
        await().until(() -> steps.size() == 1);
        replace();
        await().until(this::isPaused);
        proceed();
        shouldEcho("101");
    }

    private void shouldEcho(String status) throws Exception {
        String head = client.until("\r\n\r\n").toLowerCase(Locale.ROOT);
        assertThat(head).startsWith("http/1.1 " + status).doesNotContain("close");
        shouldEchoOpaque();
    }

    /** Bytes of another protocol, even if they look like HTTP. */
    private void shouldEchoOpaque() throws Exception {
        assertThat(client.send(GET + "x\n").until("x\n")).endsWith(GET + "x\n");
        assertThat(client.send(GET + "y\n").until("y\n")).isEqualTo(GET + "y\n");
        client.halfClose();
        shouldBeOver();
    }

    @ParameterizedTest
    @EnumSource
    void shouldAnswerAClientThatHasClosedItsSide(Way chosen) throws Exception {
        connect(chosen, true);
        client.send(LATER).halfClose();
        await().until(() -> steps.size() == 1);
        replace();
        proceed();
        assertThat(client.answer()).isEqualTo("old (closes)");
        shouldBeOver();
    }

    @ParameterizedTest
    @EnumSource
    void shouldCloseWhenAClientThatHasClosedItsSideWaitsForNothing(Way chosen) throws Exception {
        connect(chosen, true);
        client.halfClose();
        await().until(() -> ((io.netty.channel.socket.DuplexChannel) connection).isInputShutdown());
        replace();
        shouldBeOver();
    }

    @ParameterizedTest
    @EnumSource
    void shouldReadAgainOnAPausedConnection(Way chosen) throws Exception {
        connect(chosen);
        assertThat(client.ask("/pause")).isEqualTo("old");
        client.send(GET);
        replace();
        if (way == Way.DRAIN) {
            assertThat(connection.isOpen()).isTrue();
            proceed();
            assertThat(client.answer()).isEqualTo("old (closes)");
        } else {
            // Between two requests there is nothing to hold it for: the successor reads.
            assertThat(client.answer()).isEqualTo("young");
        }
        shouldEnd();
    }

    @ParameterizedTest
    @EnumSource
    void shouldWaitForAClientThatReadsSlowly(Way chosen) throws Exception {
        connect(chosen);
        client.send("GET /big HTTP/1.1\r\n\r\n");
        await().until(() -> !connection.isWritable());
        replace();
        client.until("\r\n\r\n");
        assertThat(client.read((8 << 20) + 1)).endsWith("x\n");
        if (way == Way.DRAIN) {
            assertThat(client.ask("/")).isEqualTo("old (closes)");
        } else {
            // It is looked for every 10 ms whether all has left: this process may answer meanwhile.
            await().until(() -> client.ask("/").equals("young"));
        }
        shouldEnd();
    }

    @ParameterizedTest
    @EnumSource
    void shouldCloseWhatTheClientAskedToClose(Way chosen) throws Exception {
        connect(chosen);
        client.send("GET /later HTTP/1.1\r\nConnection: close\r\n\r\n");
        await().until(() -> steps.size() == 1);
        replace();
        proceed();
        assertThat(client.answer()).isEqualTo("old (closes)");
        shouldBeOver();
    }
}
