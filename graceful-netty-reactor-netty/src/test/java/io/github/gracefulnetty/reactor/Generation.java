// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.ExitReport;
import io.github.gracefulnetty.Graceful;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.tcp.TcpServer;

/** One generation of a server, with loops of its own; several of them live in the JVM of a test. */
final class Generation implements AutoCloseable {
    private final Graceful graceful;
    private final GracefulLoopResources loops;
    private final AtomicInteger requests = new AtomicInteger();
    private final CountDownLatch slowRequest = new CountDownLatch(1);
    private @Nullable DisposableServer server;

    private Generation(Path handoff) {
        graceful = Graceful.builder()
                .handoffPath(handoff)
                .drainTimeout(Duration.ofMinutes(5))
                .build();
        loops = GracefulLoopResources.of(graceful);
    }

    /** Serves: {@code /} says its generation, {@code /slow} after 2 s, {@code /echo} is a WebSocket. */
    static Generation http(Path handoff, UnaryOperator<HttpServer> settings) {
        Generation generation = new Generation(handoff);
        String who = Integer.toString(generation.number());
        HttpServer server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .runOn(generation.loops)
                .route(routes -> routes.get("/", (request, response) -> {
                            generation.requests.incrementAndGet();
                            return response.sendString(Mono.just(who));
                        })
                        .get("/slow", (request, response) -> {
                            generation.slowRequest.countDown();
                            return response.sendString(
                                    Mono.delay(Duration.ofSeconds(2)).map(tick -> who));
                        })
                        .ws("/echo", (in, out) -> out.sendString(in.receive().asString())));
        generation.serve(settings.apply(server).bindNow());
        return generation;
    }

    /** Serves what it gets. */
    static Generation tcp(Path handoff) {
        Generation generation = new Generation(handoff);
        generation.serve(TcpServer.create()
                .host("127.0.0.1")
                .port(0)
                .runOn(generation.loops)
                .handle((in, out) -> out.send(in.receive().retain()))
                .bindNow());
        return generation;
    }

    private void serve(DisposableServer bound) {
        server = bound;
        graceful.ready().join();
    }

    int number() {
        return graceful.generation();
    }

    /** How many have been asked of {@code /}. */
    int requests() {
        return requests.get();
    }

    InetSocketAddress address() {
        return (InetSocketAddress) server().address();
    }

    private DisposableServer server() {
        return Objects.requireNonNull(server);
    }

    Graceful graceful() {
        return graceful;
    }

    void awaitSlowRequest() throws InterruptedException {
        assertThat(slowRequest.await(60, TimeUnit.SECONDS)).isTrue();
    }

    /** Waits until it has nothing left to do and its server is disposed of. */
    ExitReport awaitExit() throws Exception {
        ExitReport report = graceful.exitFuture().get(60, TimeUnit.SECONDS);
        server().onDispose().block(Duration.ofSeconds(60));
        return report;
    }

    @Override
    public void close() {
        if (!graceful.exitFuture().isDone()) {
            graceful.stop();
            graceful.stop().join(); // at once
        }
        loops.disposeLater(Duration.ZERO, Duration.ofSeconds(5)).block();
    }
}
