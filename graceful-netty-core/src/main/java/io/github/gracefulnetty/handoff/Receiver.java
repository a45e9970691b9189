// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.IncomingTransfer;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.transfer.TimeLimit;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Receives descriptors: from a {@link DescriptorServer}'s path, or on a connection of one's own from a {@link Sender}.
 * Each call of a receiving method is one handoff. Immutable; all methods may be called from any thread.
 */
public final class Receiver {
    private final @Nullable Path path;
    private final @Nullable Channel connection;
    private final Duration patience;
    private final long maxState;

    private Receiver(@Nullable Path path, @Nullable Channel connection, Duration patience, long maxState) {
        this.path = path;
        this.connection = connection;
        this.patience = patience;
        this.maxState = maxState;
    }

    /** Receives from whoever listens at {@code path}, if that is a process of our user. */
    public static Receiver from(Path path) {
        return new Receiver(path, null, IncomingTransfer.PATIENCE, MessageCodec.MAX_STATE);
    }

    /**
     * Receives on a connection that is open already, from the {@link Sender} at its other end. Everything that the sender
     * wrote before it must have been read: the one thing that comes next is a descriptor. When the handoff is over, the
     * connection carries bytes again and is still the caller's to close. If it failed before the sender has begun, the
     * sender may begin later, and one byte of that arrives among the application's own: better close the connection then.
     *
     * @param connection a registered unix stream channel of the native transport
     */
    public static Receiver on(Channel connection) {
        return new Receiver(null, connection, IncomingTransfer.PATIENCE, MessageCodec.MAX_STATE);
    }

    /**
     * How long the sender may say nothing before it is given up, and how long a handler may take for one descriptor; at most 365
     * days, 10 s by default. The sender has a patience of its own, and waits for the handler, too.
     */
    public Receiver patience(Duration limit) {
        return new Receiver(path, connection, TimeLimit.positive("patience", limit), maxState);
    }

    /** How many bytes of application state are accepted, all names together; 64 MiB by default. */
    public Receiver maxApplicationState(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("a receiver cannot accept " + bytes + " bytes");
        }
        return new Receiver(path, connection, patience, bytes);
    }

    /**
     * Receives everything.
     *
     * @return completes with the number of descriptors when the sender has said that this was all; with a {@link
     *     HandoffException} if something went wrong on either side: what {@code handler} has got until then stays its own,
     *     everything else is closed. Cancelling it ends the handoff. Completes on a thread that may be blocked, when {@code handler}
     *     has returned, or has not in time
     */
    public CompletableFuture<Integer> receive(DescriptorHandler handler) {
        Objects.requireNonNull(handler, "handler");
        CompletableFuture<Integer> result = new CompletableFuture<>();
        begin(new ReceivingSession.Everything(handler, result), result);
        return result;
    }

    /**
     * Receives one descriptor.
     *
     * @return completes with it, on a thread that may be blocked; with a {@link HandoffException} if it was not exactly one, then
     *     all are closed
     */
    public CompletableFuture<ReceivedDescriptor> receiveOne() {
        CompletableFuture<ReceivedDescriptor> result = new CompletableFuture<>();
        begin(new ReceivingSession.One(result), result);
        return result;
    }

    /**
     * Like {@link #receive}, and blocks until it is over.
     *
     * @return the number of descriptors
     * @throws HandoffException if something went wrong on either side
     * @throws InterruptedException if the waiting thread is interrupted; the handoff is ended then
     */
    public int receiveBlocking(DescriptorHandler handler) throws InterruptedException {
        checkMayBlock();
        return await(receive(handler));
    }

    /** Like {@link #receiveOne}, and blocks until it is over. */
    public ReceivedDescriptor receiveOneBlocking() throws InterruptedException {
        checkMayBlock();
        return await(receiveOne());
    }

    private void checkMayBlock() {
        if (connection != null && connection.eventLoop().inEventLoop()) {
            throw new IllegalStateException("blocking on the event loop of the connection would wait for itself");
        }
    }

    private static <T> T await(CompletableFuture<T> result) throws InterruptedException {
        try {
            try {
                return result.get();
            } catch (InterruptedException e) {
                if (result.cancel(true)) {
                    throw e;
                }
                Thread.currentThread().interrupt(); // it was over at this very moment: what has come is the caller's
                return result.join();
            }
        } catch (ExecutionException | CompletionException e) {
            throw new HandoffException(Reasons.of(e), e);
        }
    }

    private void begin(ReceivingSession.Outcome<?> outcome, CompletableFuture<?> result) {
        NativeTransport transport = Natives.required();
        Channel open = connection;
        EventLoop loop = open == null ? null : open.eventLoop();
        ControlLoop control;
        try {
            control = loop == null ? new ControlLoop(transport) : ControlLoop.on(loop);
        } catch (IOException e) {
            outcome.failed(new HandoffException("cannot begin to receive: " + Reasons.of(e), e));
            return;
        }
        ReceivingSession session = new ReceivingSession(transport, control, outcome, patience, maxState);
        result.whenComplete((value, failure) -> {
            if (result.isCancelled()) {
                session.cancel();
            }
        });
        control.execute(() -> {
            try {
                if (path != null) {
                    session.connect(path);
                } else if (open != null) {
                    session.goOnWith(open);
                }
            } catch (Throwable t) {
                session.cannotBegin(t);
            }
        });
    }
}
