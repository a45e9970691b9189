// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.netty.channel.Channel;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Sends named application states, no faster than the receiver takes them. On the byte connection's event loop; the streams
 * are read and closed by their own executor.
 */
final class StateSender {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(StateSender.class);

    /** Small enough to be a small part of the connection's buffers. */
    private static final int PIECE = 1 << 15;

    private final Channel bytes;
    private final Executor reader;
    private final Runnable progressed;
    private final Deque<State> states = new ArrayDeque<>();
    private @Nullable Piece piece;
    private @Nullable Throwable failure;
    private long total;
    private boolean sending;
    private boolean reading;
    private boolean over;

    /**
     * Owns the streams.
     *
     * @param reader reads and closes them
     * @param progressed runs on the event loop when more has been read, or cannot be: {@link #sendMore} is to be called
     */
    StateSender(Channel bytes, Map<String, InputStream> states, Executor reader, Runnable progressed) {
        this.bytes = bytes;
        this.reader = reader;
        this.progressed = progressed;
        states.forEach((name, stream) -> this.states.add(new State(name, stream, new AtomicBoolean())));
    }

    /** One of them. It is closed once, on whatever thread. */
    private record State(String name, InputStream stream, AtomicBoolean closed) {
        void close() throws IOException {
            if (closed.compareAndSet(false, true)) {
                stream.close();
            }
        }

        void closeOrLog() {
            try {
                close();
            } catch (Throwable t) {
                LOGGER.warn("graceful-netty: cannot close the application state '{}'", name, t);
            }
        }
    }

    /** What was read at once; an empty one may be the last. */
    private record Piece(Bytes content, boolean last) {}

    /** Whose stream is being read, and has not given anything yet; empty if none is. */
    String awaited() {
        State state = states.peek();
        return reading && state != null ? state.name() : "";
    }

    /**
     * Sends as much as fits now; to be called again whenever there is room, or more has been read.
     *
     * @return {@code true} once: when the last piece was sent
     * @throws IOException if there is too much
     * @throws ExecutionException if a stream has failed
     */
    boolean sendMore() throws IOException, ExecutionException {
        if (sending || reading || states.isEmpty()) {
            return false;
        }
        sending = true; // a flush may find room at once, and lead here again
        try {
            for (State state; (state = states.peek()) != null; ) {
                if (!bytes.isWritable()) {
                    bytes.flush();
                    if (!bytes.isWritable()) {
                        return false;
                    }
                }
                Piece next = next(state);
                if (next == null) {
                    bytes.flush();
                    return false;
                }
                send(state, next);
            }
            bytes.flush();
        } finally {
            sending = false;
        }
        return true;
    }

    /** The next piece; {@code null} if it is being read. */
    private @Nullable Piece next(State state) throws ExecutionException {
        if (piece == null && failure == null) {
            reading = true;
            of(state).execute(() -> read(state));
        }
        if (failure != null) {
            throw new ExecutionException(failure);
        }
        Piece next = piece;
        piece = null;
        return next;
    }

    /** What is in memory is read at once. */
    private Executor of(State state) {
        return isInMemory(state.stream()) ? Runnable::run : reader;
    }

    private void read(State state) {
        @Nullable Piece read = null;
        @Nullable Throwable thrown = null;
        try {
            read = piece(state.stream());
            if (read.last()) {
                state.close();
            }
        } catch (Throwable t) {
            thrown = t;
        }
        @Nullable Piece result = read;
        @Nullable Throwable problem = thrown;
        if (bytes.eventLoop().inEventLoop()) {
            read(result, problem);
            return;
        }
        try {
            bytes.eventLoop().execute(() -> read(result, problem));
        } catch (RejectedExecutionException e) {
            state.closeOrLog(); // the loop has ended, and the transfer with it
        }
    }

    /** What is there now, of a stream that may be slow. */
    private static Piece piece(InputStream stream) throws IOException {
        if (isInMemory(stream)) {
            byte[] content = stream.readNBytes(PIECE);
            return new Piece(Bytes.of(content), content.length < PIECE);
        }
        byte[] content = new byte[PIECE];
        int length = stream.read(content);
        return new Piece(Bytes.of(Arrays.copyOf(content, Math.max(0, length))), length < 0);
    }

    private static boolean isInMemory(InputStream stream) {
        return stream.getClass() == ByteArrayInputStream.class;
    }

    private void read(@Nullable Piece result, @Nullable Throwable problem) {
        reading = false;
        piece = result;
        failure = problem;
        if (!sending && !over) {
            progressed.run();
        }
    }

    private void send(State state, Piece next) throws IOException {
        total += next.content().length();
        if (total > MessageCodec.MAX_STATE) {
            throw new IOException("the application state is larger than " + MessageCodec.MAX_STATE + " bytes, at '"
                    + state.name() + "'");
        }
        if (next.last()) {
            states.remove();
        }
        bytes.write(new Message.State(state.name(), next.last(), next.content()));
    }

    /** Closes what was not sent, also a stream that is being read: that may end the reading. What cannot be closed is logged. */
    void close() {
        over = true;
        for (State state; (state = states.poll()) != null; ) {
            State left = state;
            try {
                of(left).execute(left::closeOrLog);
            } catch (Throwable t) {
                left.closeOrLog(); // there is no thread for it
            }
        }
    }
}
