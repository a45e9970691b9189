// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** WebSockets of the JDK that check each number that they get, and answer it. They never reconnect. */
final class Counters implements AutoCloseable {
    private static final Pattern MESSAGE =
            Pattern.compile("\\{\"count\":(\\d+),\"heard\":(\\d+),\"pid\":\\d+,\"generation\":(\\d+)}");

    private final List<Counter> counters = new ArrayList<>();
    private final Queue<String> mistakes = new ConcurrentLinkedQueue<>();
    private volatile boolean silent;
    private volatile boolean closing;

    Counters(InetSocketAddress address, int count) {
        HttpClient client = HttpClient.newHttpClient();
        URI counter = URI.create("ws://127.0.0.1:" + address.getPort() + "/counter");
        List<CompletableFuture<WebSocket>> opening = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            counters.add(new Counter(i));
            opening.add(client.newWebSocketBuilder().buildAsync(counter, counters.get(i)));
        }
        opening.forEach(CompletableFuture::join);
    }

    /** Waits until each has got a number from that generation. */
    void awaitNumbersFrom(int generation) {
        Await.until(
                "numbers from generation " + generation,
                () -> !mistakes.isEmpty() || counters.stream().allMatch(counter -> counter.generation == generation));
    }

    /** Silence, when all that was sent has been heard by the server. */
    void awaitSilence() {
        silent = true;
        Await.until(
                "everything was heard",
                () -> counters.stream()
                        .allMatch(counter -> counter.sending.isDone() && counter.heard == counter.sent.get()));
    }

    /** Numbers that were missing or came again, and WebSockets that were closed. */
    List<String> mistakes() {
        return List.copyOf(mistakes);
    }

    long numbers() {
        return counters.stream().mapToLong(counter -> counter.last).sum();
    }

    long sent() {
        return counters.stream().mapToLong(counter -> counter.sent.get()).sum();
    }

    @Override
    public void close() {
        closing = true;
        counters.forEach(Counter::abort);
    }

    private final class Counter implements WebSocket.Listener {
        private final int name;
        private final StringBuilder text = new StringBuilder();
        private volatile long last;
        private volatile long heard;
        private final AtomicLong sent = new AtomicLong();
        private volatile int generation;
        private volatile CompletableFuture<?> sending = CompletableFuture.completedFuture(null);
        private volatile @Nullable WebSocket socket;

        Counter(int name) {
            this.name = name;
        }

        @Override
        public void onOpen(WebSocket opened) {
            socket = opened;
            opened.request(1);
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean end) {
            text.append(data);
            if (end) {
                got(text.toString());
                text.setLength(0);
                if (!silent && sending.isDone()) {
                    sent.incrementAndGet();
                    sending = socket.sendText("seen " + last, true);
                }
            }
            socket.request(1);
            return null;
        }

        private void got(String message) {
            Matcher parts = MESSAGE.matcher(message);
            if (!parts.matches()) {
                mistakes.add(name + " got: " + message);
                return;
            }
            long count = Long.parseLong(parts.group(1));
            if (count != last + 1) {
                mistakes.add(name + " had " + last + ", got: " + message);
            }
            last = count;
            heard = Long.parseLong(parts.group(2));
            generation = Integer.parseInt(parts.group(3));
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
            ended("closed with " + status + " " + reason);
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            ended(error.toString());
        }

        private void ended(String how) {
            if (!closing) {
                mistakes.add(name + ": " + how);
            }
        }

        void abort() {
            WebSocket opened = socket;
            if (opened != null) {
                opened.abort();
            }
        }
    }
}
