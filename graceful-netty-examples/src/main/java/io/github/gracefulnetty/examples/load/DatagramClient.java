// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.BitSet;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/** One client of a {@link DatagramLoad}. A datagram is its number; the answer is the number and a generation. */
final class DatagramClient extends Thread implements AutoCloseable {
    private static final int RECEIVE_BUFFER = 1 << 22;
    private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(200);
    private static final long LAST_ANSWER_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final DatagramChannel channel;
    private final long intervalNanos;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(64);
    private final BitSet answered = new BitSet();
    private final Map<Integer, LongAdder> generations = new ConcurrentHashMap<>();
    private final CompletableFuture<DatagramResult> result = new CompletableFuture<>();
    private volatile boolean stopped;
    private volatile int sent;
    private long twice;
    private long refused;

    DatagramClient(InetSocketAddress server, int perSecond) throws IOException {
        super("datagram-client");
        setDaemon(true);
        intervalNanos = TimeUnit.SECONDS.toNanos(1) / perSecond;
        channel = DatagramChannel.open();
        channel.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVE_BUFFER);
        channel.configureBlocking(false);
        channel.connect(server);
    }

    @Override
    public void run() {
        try {
            sendSteadily();
            awaitAnswers();
            result.complete(new DatagramResult(sent, sent - answered.cardinality(), twice, refused));
        } catch (IOException | RuntimeException e) {
            result.completeExceptionally(e);
        }
    }

    private void sendSteadily() throws IOException {
        long next = System.nanoTime();
        while (!stopped) {
            for (; next - System.nanoTime() <= 0 && !stopped; next += intervalNanos) {
                send(sent);
            }
            receiveAll();
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private void awaitAnswers() throws IOException {
        long last = System.nanoTime();
        while (answered.cardinality() < sent && System.nanoTime() - last < LAST_ANSWER_NANOS) {
            if (receiveAll()) {
                last = System.nanoTime();
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // only this thread counts
    private void send(int number) throws IOException {
        buffer.clear().putInt(number).flip();
        try {
            while (channel.write(buffer) == 0) {
                receiveAll();
                buffer.clear().putInt(number).flip();
            }
        } catch (PortUnreachableException e) {
            refused++; // of an earlier one; this one was not sent, and counts as unanswered
        }
        sent++;
    }

    private boolean receiveAll() throws IOException {
        boolean any = false;
        while (receive()) {
            any = true;
        }
        return any;
    }

    private boolean receive() throws IOException {
        buffer.clear();
        try {
            if (channel.read(buffer) <= 0) {
                return false;
            }
        } catch (PortUnreachableException e) {
            refused++;
            return true;
        }
        int number = buffer.flip().getInt();
        if (answered.get(number)) {
            twice++;
        }
        answered.set(number);
        generations.computeIfAbsent(buffer.getInt(), unknown -> new LongAdder()).increment();
        return true;
    }

    long answersFrom(int generation) {
        LongAdder answers = generations.get(generation);
        return answers == null ? 0 : answers.sum();
    }

    long sent() {
        return sent;
    }

    /** Sends no more. */
    void stopSending() {
        stopped = true;
    }

    DatagramResult result() {
        return result.join();
    }

    @Override
    public void close() {
        stopped = true;
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
