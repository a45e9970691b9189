// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.grpc;

import io.github.gracefulnetty.examples.functional.Await;
import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.SslContext;
import java.io.File;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Clients that never retry and never wait for a connection: whatever fails counts, but for what their own gRPC library
 * failed before it sent anything.
 */
final class StrictLoad implements AutoCloseable {
    private final InetSocketAddress server;
    private final @Nullable SslContext tls;
    private final Map<Integer, LongAdder> calls = new ConcurrentHashMap<>();
    private final Map<Integer, LongAdder> messages = new ConcurrentHashMap<>();
    private final Map<Integer, LongAdder> freshConnections = new ConcurrentHashMap<>();
    private final Map<Integer, Set<Stream>> streams = new ConcurrentHashMap<>();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final LongAdder neverSent = new LongAdder();
    private final LongAdder completedStreams = new LongAdder();
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicInteger running = new AtomicInteger();
    private final ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
    private volatile boolean stopping;
    private int streamCount;

    /** In plain text. */
    StrictLoad(InetSocketAddress server) {
        this.server = server;
        tls = null;
    }

    /** With TLS. */
    StrictLoad(InetSocketAddress server, File certificate) throws SSLException {
        this.server = server;
        tls = GrpcSslContexts.forClient().trustManager(certificate).build();
    }

    /** So many callers on so many connections; each calls again 10 ms after the last answer. */
    StrictLoad calls(int connections, int each) {
        for (int i = 0; i < connections; i++) {
            ManagedChannel channel = channel();
            channels.add(channel);
            for (int call = 0; call < each; call++) {
                running.incrementAndGet();
                new Caller(channel).next();
            }
        }
        return this;
    }

    /** So many streams are always open, on so many connections; each sends when the last message was answered. */
    StrictLoad streams(int connections, int each) {
        for (int i = 0; i < connections; i++) {
            ManagedChannel channel = channel();
            channels.add(channel);
            for (int stream = 0; stream < each; stream++) {
                running.incrementAndGet();
                streamCount++;
                new Stream(channel).begin();
            }
        }
        return this;
    }

    /** Clients that make a connection, three calls one after the other, and begin anew. */
    StrictLoad fresh(int clients) {
        for (int i = 0; i < clients; i++) {
            Thread thread = new Thread(this::reconnect, "fresh-" + i);
            threads.add(thread);
            thread.start();
        }
        return this;
    }

    private ManagedChannel channel() {
        NettyChannelBuilder builder = NettyChannelBuilder.forAddress(server).disableRetry();
        return (tls == null ? builder.usePlaintext() : builder.sslContext(tls)).build();
    }

    private void reconnect() {
        while (!stopping) {
            ManagedChannel channel = channel();
            Attempt attempt = new Attempt();
            try {
                int generation = 0;
                for (int call = 0; call < 3; call++) {
                    attempt = new Attempt();
                    generation = answered(
                            calls,
                            "x",
                            ClientCalls.blockingUnaryCall(channel, EchoService.ECHO, attempt.options(), "x"));
                }
                count(freshConnections, generation);
            } catch (RuntimeException e) {
                failed("fresh", attempt, e);
            } finally {
                channel.shutdown();
            }
        }
    }

    private void failed(String what, Attempt attempt, Throwable failure) {
        if (attempt.neverLeft(failure)) {
            neverSent.increment();
        } else {
            failures.add(what + ": " + failure);
        }
    }

    private int answered(Map<Integer, LongAdder> counts, String expected, String answer) {
        int space = answer.indexOf(' ');
        if (!answer.substring(space + 1).equals(expected)) {
            failures.add("'" + answer + "' instead of '" + expected + "'");
        }
        int generation = Integer.parseInt(answer.substring(0, space));
        count(counts, generation);
        return generation;
    }

    private static void count(Map<Integer, LongAdder> counts, int generation) {
        counts.computeIfAbsent(generation, key -> new LongAdder()).increment();
    }

    /** Whether that generation has answered calls and new connections, if there are any, and a message of each stream. */
    boolean hasSeen(int generation) {
        if (!failures.isEmpty()) {
            throw new AssertionError(this.toString());
        }
        return streams.getOrDefault(generation, Set.of()).size() == streamCount
                && java.util.stream.Stream.of(calls, freshConnections)
                        .filter(counts -> !counts.isEmpty())
                        .allMatch(counts -> counts.containsKey(generation));
    }

    List<String> failures() {
        return List.copyOf(failures);
    }

    long completedStreams() {
        return completedStreams.sum();
    }

    /** Ends the load in an orderly way: whatever is in flight has to be answered. */
    StrictLoad stop() {
        stopping = true;
        Await.until("last answers", () -> running.get() == 0);
        threads.forEach(thread -> {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        return this;
    }

    @Override
    public void close() {
        stopping = true;
        pace.shutdownNow();
        channels.forEach(ManagedChannel::shutdownNow);
    }

    @Override
    public String toString() {
        return "calls " + calls + ", fresh connections " + freshConnections + ", messages " + messages + ", streams "
                + completedStreams + ", never sent " + neverSent + ", " + failures.size() + " failures "
                + failures.stream().limit(5).toList();
    }

    private final class Caller implements StreamObserver<String> {
        private final ManagedChannel channel;
        private volatile Attempt attempt = new Attempt();
        private int number;

        Caller(ManagedChannel channel) {
            this.channel = channel;
        }

        void next() {
            if (stopping) {
                running.decrementAndGet();
                return;
            }
            number++;
            attempt = new Attempt();
            ClientCalls.asyncUnaryCall(
                    channel.newCall(EchoService.ECHO, attempt.options()), Integer.toString(number), this);
        }

        @Override
        public void onNext(String answer) {
            if (!attempt.isSent()) {
                failures.add("answered, and not known to be sent");
            }
            answered(calls, Integer.toString(number), answer);
        }

        @Override
        public void onError(Throwable failure) {
            failed("call", attempt, failure);
            onCompleted();
        }

        @Override
        public void onCompleted() {
            pace.schedule(this::next, 10, TimeUnit.MILLISECONDS);
        }
    }

    private final class Stream implements StreamObserver<String> {
        private final ManagedChannel channel;
        private volatile Attempt attempt = new Attempt();
        private StreamObserver<String> requests = this;
        private int number;
        private int text;
        private boolean over;

        Stream(ManagedChannel channel) {
            this.channel = channel;
        }

        synchronized void begin() {
            number = 0;
            over = false;
            attempt = new Attempt();
            requests = ClientCalls.asyncBidiStreamingCall(channel.newCall(EchoService.CHAT, attempt.options()), this);
            send(requests);
        }

        /** The text that has not been answered: again, if the stream before this one was completed instead. */
        private synchronized void send(StreamObserver<String> of) {
            if (over || of != requests) {
                return;
            }
            if (stopping) {
                requests.onCompleted();
            } else {
                requests.onNext(Integer.toString(text));
            }
        }

        @Override
        public synchronized void onNext(String answer) {
            number++;
            int generation = answered(messages, number + " " + text, answer);
            streams.computeIfAbsent(generation, key -> ConcurrentHashMap.newKeySet())
                    .add(this);
            text++;
            StreamObserver<String> current = requests;
            pace.schedule(() -> send(current), 20, TimeUnit.MILLISECONDS);
        }

        @Override
        public void onError(Throwable failure) {
            failed("stream", attempt, failure);
            onCompleted();
        }

        @Override
        public synchronized void onCompleted() {
            over = true;
            completedStreams.increment();
            if (stopping) {
                running.decrementAndGet();
            } else {
                begin();
            }
        }
    }
}
