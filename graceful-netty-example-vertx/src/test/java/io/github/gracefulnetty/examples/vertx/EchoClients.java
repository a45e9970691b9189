// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.vertx;

import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * WebSockets whose messages are numbered: each is sent when the one before has come back. Close 1012 is what lets a client
 * connect again, and send what has not come back; anything else is a failure.
 */
final class EchoClients {
    private static final Executor PACE = CompletableFuture.delayedExecutor(10, TimeUnit.MILLISECONDS);

    private final HttpClient http = HttpClient.newHttpClient();
    private final URI uri;
    private final List<CompletableFuture<Void>> ends = new ArrayList<>();
    private volatile boolean stopping;

    final Queue<String> failures = new ConcurrentLinkedQueue<>();
    /** By generation, the clients it has answered. */
    final Map<Integer, Set<Client>> generations = new ConcurrentSkipListMap<>();

    final AtomicLong echoes = new AtomicLong();
    final AtomicInteger restarts = new AtomicInteger();

    EchoClients(InetSocketAddress server, int clients) {
        uri = URI.create("ws://" + server.getHostString() + ":" + server.getPort() + "/");
        for (int i = 0; i < clients; i++) {
            CompletableFuture<Void> end = new CompletableFuture<>();
            ends.add(end);
            new Client(end).connect();
        }
    }

    /** Whether that generation has answered each of them. */
    boolean haveAllSeen(int generation) {
        return generations.getOrDefault(generation, Set.of()).size() == ends.size();
    }

    /** Ends all after the echo that each waits for. */
    void stop() {
        stopping = true;
        CompletableFuture.allOf(ends.toArray(CompletableFuture<?>[]::new))
                .orTimeout(60, TimeUnit.SECONDS)
                .join();
    }

    final class Client implements WebSocket.Listener {
        private final CompletableFuture<Void> end;
        private final StringBuilder text = new StringBuilder();
        private long number = 1;

        private Client(CompletableFuture<Void> end) {
            this.end = end;
        }

        private void connect() {
            http.newWebSocketBuilder().buildAsync(uri, this).whenComplete((socket, failure) -> {
                if (failure != null) {
                    fail("connect: " + failure);
                }
            });
        }

        @Override
        public void onOpen(WebSocket socket) {
            send(socket);
            socket.request(1);
        }

        private void send(WebSocket socket) {
            socket.sendText(
                    Long.toString(number), true); // if it fails, a close has come or there is an error: both are told
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                String[] echo = text.toString().split(" ", -1);
                text.setLength(0);
                if (echo.length != 2 || Long.parseLong(echo[1]) != number) {
                    fail("instead of " + number + ": " + String.join(" ", echo));
                    return null;
                }
                generations
                        .computeIfAbsent(Integer.parseInt(echo[0]), key -> ConcurrentHashMap.newKeySet())
                        .add(this);
                echoes.incrementAndGet();
                number++;
                if (stopping) {
                    socket.sendClose(WebSocket.NORMAL_CLOSURE, "").whenComplete((done, failure) -> end.complete(null));
                } else {
                    PACE.execute(() -> send(socket));
                }
            }
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
            if (end.isDone()) {
                return null;
            }
            if (status == 1012) {
                restarts.incrementAndGet();
                text.setLength(0);
                connect();
            } else {
                fail("closed with " + status + " " + reason);
            }
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            if (!end.isDone()) {
                fail("after " + number + ": " + error);
            }
        }

        private void fail(String what) {
            failures.add(what);
            end.complete(null);
        }
    }
}
