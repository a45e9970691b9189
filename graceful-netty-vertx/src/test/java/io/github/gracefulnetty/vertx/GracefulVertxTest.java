// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.vertx;

import static io.github.gracefulnetty.vertx.Generation.await;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GracefulVertxTest {
    private static final String HOST = "127.0.0.1";

    @TempDir
    Path directory;

    private final Queue<AutoCloseable> opened = new ConcurrentLinkedQueue<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    private Generation generation() {
        Generation generation = new Generation(directory);
        opened.add(generation);
        return generation;
    }

    private Socket connect(int port) throws IOException {
        Socket socket = new Socket(HOST, port);
        socket.setSoTimeout(30_000);
        opened.add(socket);
        return socket;
    }

    /** A server that says its name and ends the connection, as soon as it is told to. */
    private static NetServer greeter(Generation generation, SocketAddress address) {
        return await(generation
                .vertx
                .createNetServer()
                .connectHandler(socket -> socket.end(Buffer.buffer(generation.name())))
                .listen(address));
    }

    private static String readAll(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), US_ASCII);
    }

    @Test
    void shouldHandOnSeveralPortsAndUnixSockets() throws Exception {
        SocketAddress unix =
                SocketAddress.domainSocketAddress(directory.resolve("net.sock").toString());
        SocketAddress any = SocketAddress.inetSocketAddress(0, HOST);
        Generation old = generation();
        List<Integer> ports =
                List.of(greeter(old, any).actualPort(), greeter(old, any).actualPort());
        greeter(old, unix);
        old.ready();
        assertThat(readAll(connect(ports.get(0)))).isEqualTo("generation 1");

        Generation fresh = generation();
        assertThat(List.of(greeter(fresh, any).actualPort(), greeter(fresh, any).actualPort()))
                .isEqualTo(ports);
        greeter(fresh, unix);
        fresh.ready();
        assertThat(old.exit().forced()).isZero();
        for (int port : ports) {
            assertThat(readAll(connect(port))).isEqualTo("generation 2");
        }
        CompletableFuture<String> greeting = new CompletableFuture<>();
        // On its event loop, as a socket without a handler throws away what it reads.
        fresh.vertx.runOnContext(nothing -> fresh.vertx
                .createNetClient()
                .connect(unix)
                .onFailure(greeting::completeExceptionally)
                .onSuccess(socket -> socket.handler(text -> greeting.complete(text.toString()))));
        assertThat(greeting).succeedsWithin(Duration.ofSeconds(30)).isEqualTo("generation 2");
    }

    @Test
    void shouldShareOneListenerAmongTheInstancesOfAVerticle() throws Exception {
        Generation old = generation();
        int port = greeter(old, SocketAddress.inetSocketAddress(0, HOST)).actualPort();
        old.ready();
        Generation fresh = generation();
        await(fresh.vertx.deployVerticle(
                () -> new AbstractVerticle() {
                    @Override
                    public void start(Promise<Void> started) {
                        vertx.createNetServer()
                                .connectHandler(socket -> socket.end(Buffer.buffer(fresh.name())))
                                .listen(port, HOST)
                                .<Void>mapEmpty()
                                .onComplete(started);
                    }
                },
                new DeploymentOptions().setInstances(3)));
        fresh.ready();
        assertThat(old.exit().forced()).isZero();
        for (int i = 0; i < 6; i++) {
            assertThat(readAll(connect(port))).isEqualTo("generation 2");
        }
    }

    @Test
    void shouldTellSocketsWhenTheDrainBeginsAndThoseThatAskLaterAtOnce() throws Exception {
        Generation old = generation();
        BlockingQueue<Runnable> later = new LinkedBlockingQueue<>();
        int port = await(old.vertx
                        .createNetServer()
                        .connectHandler(socket -> {
                            later.add(() -> GracefulVertx.onDrain(socket, () -> socket.end(Buffer.buffer("later"))));
                            GracefulVertx.onDrain(socket, () -> socket.write("told,"));
                            socket.write("hello,");
                        })
                        .listen(0, HOST))
                .actualPort();
        old.ready();
        Socket client = connect(port);
        assertThat(client.getInputStream().readNBytes(6)).asString(US_ASCII).isEqualTo("hello,");
        Generation fresh = generation();
        greeter(fresh, SocketAddress.inetSocketAddress(port, HOST));
        fresh.ready();
        assertThat(client.getInputStream().readNBytes(5)).asString(US_ASCII).isEqualTo("told,");
        later.remove().run();
        assertThat(readAll(client)).isEqualTo("later");
        client.close();
        assertThat(old.exit().forced()).isZero();
    }

    @Test
    void shouldNotTakeAnythingElseForAConnection() {
        assertThatThrownBy(() -> GracefulVertx.onDrain(
                        (NetSocket) Proxy.newProxyInstance(
                                getClass().getClassLoader(),
                                new Class<?>[] {NetSocket.class},
                                (proxy, method, arguments) -> "proxy"),
                        () -> {}))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** Answers when the test lets it. */
    private static int slowServer(
            Generation generation, HttpServerOptions options, BlockingQueue<HttpServerRequest> held) {
        return await(generation
                        .vertx
                        .createHttpServer(options)
                        .requestHandler(held::add)
                        .listen(0, HOST))
                .actualPort();
    }

    private static HttpServerRequest next(BlockingQueue<HttpServerRequest> held) throws InterruptedException {
        HttpServerRequest request = held.poll(30, TimeUnit.SECONDS);
        assertThat(request).isNotNull();
        return request;
    }

    private static void answer(Generation generation, HttpServerRequest request) {
        generation.vertx.runOnContext(nothing -> request.response().end(generation.name()));
    }

    private void takeOver(int port) {
        Generation fresh = generation();
        greeter(fresh, SocketAddress.inetSocketAddress(port, HOST));
        fresh.ready();
    }

    @Test
    void shouldAnswerHttp1RequestsInFlightAndThoseOfIdleConnectionsWithConnectionClose() throws Exception {
        Generation old = generation();
        BlockingQueue<HttpServerRequest> held = new LinkedBlockingQueue<>();
        int port = slowServer(old, new HttpServerOptions(), held);
        old.ready();
        Socket busy = connect(port);
        Socket idle = connect(port);
        send(busy);
        HttpServerRequest request = next(held);
        send(idle);
        HttpServerRequest idleOne = next(held);
        answer(old, idleOne);
        assertThat(readHead(idle.getInputStream())).doesNotContainIgnoringCase("connection: close");
        CountDownLatch told = new CountDownLatch(2);
        GracefulVertx.onDrain(request.connection(), told::countDown);
        GracefulVertx.onDrain(idleOne.connection(), told::countDown);
        takeOver(port);
        assertThat(told.await(30, TimeUnit.SECONDS)).isTrue();
        answer(old, request);
        assertThat(readAll(busy)).containsIgnoringCase("connection: close").endsWith("generation 1");
        busy.close();
        send(idle);
        answer(old, next(held));
        assertThat(readAll(idle)).containsIgnoringCase("connection: close").endsWith("generation 1");
        idle.close();
        assertThat(old.exit().forced()).isZero();
    }

    private static void send(Socket socket) throws IOException {
        socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(US_ASCII));
    }

    /** One response with the body {@code generation 1}. */
    private static String readHead(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("generation 1") < 0) {
            int next = in.read();
            assertThat(next).isNotNegative();
            head.append((char) next);
        }
        return head.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"prior knowledge", "upgrade", "prior knowledge, multiplexed"})
    void shouldSayGoAwayTwiceAndFinishTheStreamsOfHttp2(String how) throws Exception {
        Generation old = generation();
        BlockingQueue<HttpServerRequest> held = new LinkedBlockingQueue<>();
        // An option of later Vert.x versions only.
        JsonObject options = new JsonObject().put("http2MultiplexImplementation", how.endsWith("multiplexed"));
        int port = slowServer(old, new HttpServerOptions(options), held);
        old.ready();
        boolean upgrade = how.equals("upgrade");
        RawHttp2 client = new RawHttp2(connect(port), upgrade);
        if (!upgrade) {
            client.get(1);
        }
        HttpServerRequest first = next(held);
        takeOver(port);
        assertThat(frame(client, RawHttp2.GO_AWAY).lastStream()).isEqualTo(Integer.MAX_VALUE);
        RawHttp2.Frame ping = frame(client, RawHttp2.PING);
        client.get(3);
        HttpServerRequest second = next(held);
        client.answerPing(ping);
        assertThat(frame(client, RawHttp2.GO_AWAY).lastStream()).isEqualTo(3);
        for (HttpServerRequest request : List.of(second, first)) {
            answer(old, request);
            RawHttp2.Frame data = frame(client, RawHttp2.DATA);
            assertThat(data.stream).isEqualTo(request == first ? 1 : 3);
            assertThat(data.text()).isEqualTo("generation 1");
        }
        assertThat(client.next(RawHttp2.DATA)).isNull();
        assertThat(old.exit().forced()).isZero();
    }

    private static RawHttp2.Frame frame(RawHttp2 client, int type) throws IOException {
        return Objects.requireNonNull(client.next(type), "the connection has ended");
    }

    @Test
    void shouldLeaveVertxAloneThatIsMadeBesides() {
        Generation generation = generation();
        assertThat(generation.vertx.isNativeTransportEnabled()).isTrue();
        Vertx other = Vertx.vertx();
        opened.add(() -> await(other.close()));
        assertThat(other.isNativeTransportEnabled()).isFalse();
    }

    @Test
    void shouldFailWhenVertxWasMadeBefore() {
        assertThatThrownBy(() -> GracefulVertx.with(generation().graceful, () -> "nothing"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("META-INF/services");
    }
}
