// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.functional.Http2Witness;
import io.github.gracefulnetty.examples.functional.TestCertificate;
import io.netty.handler.ssl.SslContextBuilder;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.netty.http.Http2SslContextSpec;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.tcp.SslProvider;

/**
 * HTTP/2 and WebSocket connections while their server is replaced. The HTTP/2 client is Reactor Netty's: that of JDK 17
 * fails its requests in flight on any GOAWAY.
 */
class ProtocolDrainTest {
    private static final int CALLERS = 8;
    private static final int GENERATIONS = 4;

    @TempDir
    Path directory;

    @Test
    void shouldAnswerAllHttp2RequestsOverTls() throws Exception {
        TestCertificate keys = new TestCertificate(directory);
        SslProvider.GenericSslContextSpec<SslContextBuilder> forServer =
                Http2SslContextSpec.forServer(keys.certificate(), keys.key());
        SslProvider.GenericSslContextSpec<SslContextBuilder> forClient = Http2SslContextSpec.forClient()
                .configure((SslContextBuilder builder) -> builder.trustManager(keys.certificate()));
        shouldAnswerAllThatIsSent(
                server -> server.protocol(HttpProtocol.H2).secure(spec -> spec.sslContext(forServer)),
                client -> client.protocol(HttpProtocol.H2).secure(spec -> spec.sslContext(forClient)),
                "https",
                UnaryOperator.identity());
    }

    @Test
    void shouldAnswerAllHttp2RequestsInClearText() throws Exception {
        List<Http2Witness> witness = new ArrayList<>();
        try {
            int answers = shouldAnswerAllThatIsSent(
                    server -> server.protocol(HttpProtocol.H2C),
                    client -> client.protocol(HttpProtocol.H2C),
                    "http",
                    server -> {
                        witness.add(Http2Witness.of(server));
                        return witness.get(0).address();
                    });
            witness.get(0).assertAllAnswered();
            assertThat(witness.get(0).opened()).isEqualTo(answers);
        } finally {
            witness.forEach(Http2Witness::close);
        }
    }

    /**
     * A client without retries may fail a request that it has not sent: it chooses a connection, and the GOAWAY comes before
     * there is a stream. So what counts is what the servers have seen: as much as was answered.
     */
    private int shouldAnswerAllThatIsSent(
            UnaryOperator<HttpServer> settings,
            UnaryOperator<reactor.netty.http.client.HttpClient> clientSettings,
            String scheme,
            UnaryOperator<InetSocketAddress> way)
            throws Exception {
        Path handoff = directory.resolve("handoff.sock");
        Generation current = Generation.http(handoff, settings);
        int requests = 0;
        ConnectionProvider connections = ConnectionProvider.create("http2", 16);
        var client = clientSettings.apply(
                reactor.netty.http.client.HttpClient.create(connections).disableRetry(true));
        String address = scheme + "://localhost:" + way.apply(current.address()).getPort() + "/";
        Callers callers = new Callers(
                CALLERS,
                () -> client.get()
                        .uri(address)
                        .responseContent()
                        .aggregate()
                        .asString()
                        .block(Duration.ofSeconds(60)));
        try (callers) {
            for (int generation = 1; generation <= GENERATIONS; generation++) {
                String answer = Integer.toString(generation);
                Awaitility.await()
                        .atMost(Duration.ofSeconds(60))
                        .until(() -> callers.answers().contains(answer));
                Generation next = Generation.http(handoff, settings);
                assertThat(current.awaitExit().forced()).isZero();
                requests += current.requests();
                current.close();
                current = next;
            }
            callers.close();
            requests += current.requests();
        } finally {
            current.close();
            connections.disposeLater().block();
        }
        System.out.println(scheme + ": " + callers);
        assertThat(callers.answered()).as("%s", callers).isEqualTo(requests);
        return requests;
    }

    @Test
    void shouldTellAWebSocketThatTheServiceRestarts() throws Exception {
        Path handoff = directory.resolve("handoff.sock");
        CompletableFuture<Integer> status = new CompletableFuture<>();
        CompletableFuture<String> echo = new CompletableFuture<>();
        try (Generation first = Generation.http(handoff, UnaryOperator.identity())) {
            WebSocket socket = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(
                            URI.create("ws://127.0.0.1:" + first.address().getPort() + "/echo"),
                            new WebSocket.Listener() {
                                @Override
                                public CompletionStage<?> onText(WebSocket from, CharSequence text, boolean last) {
                                    echo.complete(text.toString());
                                    return WebSocket.Listener.super.onText(from, text, last);
                                }

                                @Override
                                public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
                                    status.complete(code);
                                    return WebSocket.Listener.super.onClose(from, code, reason);
                                }

                                @Override
                                public void onError(WebSocket from, Throwable error) {
                                    status.completeExceptionally(error);
                                }
                            })
                    .join();
            socket.sendText("hello", true).join();
            assertThat(echo.get(60, TimeUnit.SECONDS)).isEqualTo("hello");
            try (Generation second = Generation.http(handoff, UnaryOperator.identity())) {
                assertThat(second.number()).isEqualTo(2);
                assertThat(status.get(60, TimeUnit.SECONDS)).isEqualTo(1012);
                assertThat(first.awaitExit().forced()).isZero();
            }
        }
    }

    /** Threads that call again and again, and never a second time for the same answer. */
    private static final class Callers implements AutoCloseable {
        private final Set<String> answers = ConcurrentHashMap.newKeySet();
        private final AtomicInteger answered = new AtomicInteger();
        private final List<Throwable> failures = new CopyOnWriteArrayList<>();
        private final List<Thread> threads = new ArrayList<>();
        private volatile boolean ended;

        Callers(int count, Callable<String> call) {
            for (int i = 0; i < count; i++) {
                Thread thread = new Thread(() -> run(call), "caller");
                threads.add(thread);
                thread.start();
            }
        }

        private void run(Callable<String> call) {
            while (!ended) {
                try {
                    answers.add(call.call());
                    answered.incrementAndGet();
                } catch (Exception e) {
                    failures.add(e);
                }
            }
        }

        Set<String> answers() {
            return answers;
        }

        int answered() {
            return answered.get();
        }

        @Override
        public void close() throws InterruptedException {
            ended = true;
            for (Thread thread : threads) {
                thread.join();
            }
        }

        @Override
        public String toString() {
            return answered + " answered, failed in the client: " + failures;
        }
    }
}
