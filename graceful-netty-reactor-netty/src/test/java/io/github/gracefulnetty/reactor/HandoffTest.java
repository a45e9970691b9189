// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.ExitReport;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.netty.resources.ConnectionProvider;

/** Listeners go from one Reactor Netty server to the next, and connections end as their protocol asks. */
class HandoffTest {
    @TempDir
    Path directory;

    private Path handoff;

    @BeforeEach
    void choosePath() {
        handoff = directory.resolve("handoff.sock");
    }

    @Test
    void shouldHandAnHttpListenerOnThatWasBoundToPortZero() throws Exception {
        try (Generation first = Generation.http(handoff, UnaryOperator.identity())) {
            assertThat(get(first, "/").join()).isEqualTo("1");
            try (Generation second = Generation.http(handoff, UnaryOperator.identity())) {
                assertThat(second.address()).isEqualTo(first.address());
                Awaitility.await()
                        .atMost(Duration.ofSeconds(60))
                        .until(() -> get(second, "/").join().equals("2"));
            }
        }
    }

    @Test
    void shouldAnswerTheRequestInFlightBeforeItEnds() throws Exception {
        try (Generation first = Generation.http(handoff, UnaryOperator.identity())) {
            CompletableFuture<String> slow = get(first, "/slow");
            first.awaitSlowRequest();
            try (Generation second = Generation.http(handoff, UnaryOperator.identity())) {
                assertThat(second.number()).isEqualTo(2);
                assertThat(slow.join()).isEqualTo("1");
                ExitReport report = first.awaitExit();
                assertThat(report.handedOver()).isTrue();
                assertThat(report.forced()).isZero();
            }
        }
    }

    @Test
    void shouldAnswerTheRequestInFlightWhenItIsStopped() throws Exception {
        try (Generation first = Generation.http(handoff, UnaryOperator.identity())) {
            CompletableFuture<String> slow = get(first, "/slow");
            first.awaitSlowRequest();
            first.graceful().stop();
            assertThat(slow.join()).isEqualTo("1");
            assertThat(first.awaitExit().forced()).isZero();
        }
    }

    @Test
    void shouldEndAtOnceWithoutConnections() throws Exception {
        try (Generation first = Generation.http(handoff, UnaryOperator.identity());
                Generation second = Generation.http(handoff, UnaryOperator.identity())) {
            assertThat(first.awaitExit().connections()).isZero();
            assertThat(second.number()).isEqualTo(2);
        }
    }

    @Test
    void shouldHandAUnixListenerOn() throws Exception {
        DomainSocketAddress address =
                new DomainSocketAddress(directory.resolve("web.sock").toString());
        ConnectionProvider connections = ConnectionProvider.create("unix", 1);
        var client = reactor.netty.http.client.HttpClient.create(connections)
                .disableRetry(true)
                .remoteAddress(() -> address);
        try (Generation first = Generation.http(handoff, server -> server.bindAddress(() -> address))) {
            assertThat(unixGet(client)).isEqualTo("1");
            try (Generation second = Generation.http(handoff, server -> server.bindAddress(() -> address))) {
                assertThat(second.number()).isEqualTo(2);
                Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> "2".equals(unixGet(client)));
                assertThat(first.awaitExit().forced()).isZero();
            }
        } finally {
            connections.disposeLater().block();
        }
        assertThat(Files.exists(Path.of(address.path()))).isFalse();
    }

    private static @Nullable String unixGet(reactor.netty.http.client.HttpClient client) {
        return client.get().uri("/").responseContent().aggregate().asString().block(Duration.ofSeconds(60));
    }

    @Test
    void shouldLetATcpConnectionGoOnUntilItsClientEndsIt() throws Exception {
        try (Generation first = Generation.tcp(handoff);
                Socket old = connect(first)) {
            echo(old, 'a');
            try (Generation second = Generation.tcp(handoff)) {
                echo(old, 'b');
                assertThat(first.graceful().exitFuture()).isNotDone();
                old.close();
                ExitReport report = first.awaitExit();
                assertThat(report.forced()).isZero();
                try (Socket young = connect(second)) {
                    echo(young, 'c');
                }
            }
        }
    }

    private static Socket connect(Generation to) throws IOException {
        return new Socket(to.address().getAddress(), to.address().getPort());
    }

    private static void echo(Socket connection, int character) throws IOException {
        connection.setSoTimeout(60_000);
        connection.getOutputStream().write(character);
        assertThat(connection.getInputStream().read()).isEqualTo(character);
    }

    private static CompletableFuture<String> get(Generation from, String path) {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + from.address().getPort() + path))
                .build();
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .build()
                .sendAsync(request, HttpResponse.BodyHandlers.ofString())
                .thenApply(HttpResponse::body)
                .orTimeout(60, TimeUnit.SECONDS);
    }
}
