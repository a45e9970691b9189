// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.vertx;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Requests over a few HTTP/2 connections with TLS, many at a time on each, none of which is ever repeated. */
final class Http2Clients {
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient http;
    private final InetSocketAddress server;
    private final List<CompletableFuture<Void>> ends = new ArrayList<>();
    private volatile boolean stopping;

    final Queue<String> failures = new ConcurrentLinkedQueue<>();
    final Set<Integer> generations = new ConcurrentSkipListSet<>();
    final AtomicLong answers = new AtomicLong();

    /** @param clients with one request in flight each */
    Http2Clients(InetSocketAddress server, int clients) {
        this.server = server;
        HttpClientOptions options = new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setSsl(true)
                .setUseAlpn(true)
                .setTrustAll(true)
                .setVerifyHost(false);
        http = vertx.createHttpClient(options, new PoolOptions().setHttp2MaxSize(4));
        for (int i = 0; i < clients; i++) {
            CompletableFuture<Void> end = new CompletableFuture<>();
            ends.add(end);
            next(end);
        }
    }

    private void next(CompletableFuture<Void> end) {
        http.request(HttpMethod.GET, server.getPort(), server.getHostString(), "/slow?ms=20")
                .compose(request -> request.send().compose(response -> {
                    if (response.statusCode() != 200 || response.version() != HttpVersion.HTTP_2) {
                        failures.add(response.version() + " " + response.statusCode());
                    }
                    return response.body();
                }))
                .onComplete(result -> {
                    Buffer body = result.result();
                    if (body == null) {
                        failures.add(describe(result.cause()));
                    } else {
                        answers.incrementAndGet();
                        generations.add(Integer.parseInt(body.toString().trim().split(" ", -1)[1]));
                    }
                    if (stopping || body == null) {
                        end.complete(null);
                    } else {
                        next(end);
                    }
                });
    }

    private static String describe(@Nullable Throwable failure) {
        return failure == null ? "no body" : failure + ", caused by " + failure.getCause();
    }

    void stop() throws Exception {
        stopping = true;
        CompletableFuture.allOf(ends.toArray(CompletableFuture<?>[]::new)).get(60, TimeUnit.SECONDS);
        vertx.close().toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }
}
