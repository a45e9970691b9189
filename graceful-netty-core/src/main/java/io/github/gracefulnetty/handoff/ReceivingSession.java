// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.handoff.Deliveries.Delivery;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.IncomingTransfer;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.transfer.Silence;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * One handoff of a {@link Receiver}. On one event loop; the application's code runs elsewhere. Owns the connections, and the loop
 * if it is its own.
 */
final class ReceivingSession implements IncomingTransfer.Events, Deliveries.Listener {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(ReceivingSession.class);

    /** What becomes of what is received. */
    interface Outcome<T> {
        /** Whether what is received goes to code that may block. */
        default boolean mayBlock() {
            return false;
        }

        void states(Map<String, byte[]> states) throws Exception;

        /** May throw; the descriptor is closed then, unless something was made of it. */
        void received(ReceivedDescriptor descriptor) throws Exception;

        /** That was all. */
        void end(int count);

        void failed(HandoffException failure);
    }

    private final NativeTransport transport;
    private final ControlLoop control;
    private final Outcome<?> outcome;
    private final IncomingTransfer.Request request;
    private @Nullable IncomingTransfer transfer;
    private @Nullable OpenConnection open;
    private String where = "";
    private final Deliveries deliveries;
    private final Silence slowness;
    private int count;
    private int taken;
    private volatile @Nullable Runnable verdict;
    private boolean ended;
    private boolean settled;

    ReceivingSession(
            NativeTransport transport, ControlLoop control, Outcome<?> outcome, Duration patience, long maxState) {
        this.transport = transport;
        this.control = control;
        this.outcome = outcome;
        this.request = new IncomingTransfer.Request(Message.Purpose.RECEIVE, Token.NONE, "", patience, maxState);
        this.deliveries = new Deliveries(control, this);
        this.slowness = new Silence(control, patience, this::tooSlow);
    }

    void connect(Path path) {
        where = "unix:" + path;
        begin(where).connect(path);
    }

    private IncomingTransfer begin(String where) {
        IncomingTransfer begun = new IncomingTransfer(transport, control, request, where, this);
        transfer = begun;
        return begun;
    }

    /** Asks the sender at the other end for two connections, and goes on with those. */
    void goOnWith(Channel connection) {
        OpenConnection asked = new OpenConnection(transport, control, connection, request.patience());
        open = asked;
        asked.receive().whenComplete((pair, failure) -> {
            open = null;
            if (failure != null) {
                failed(Reasons.of(failure));
            } else if (ended) {
                pair.close();
            } else {
                begin("the other end of the connection").attach(pair.bytes(), pair.lane());
            }
        });
    }

    /** The first step has failed. On the loop. */
    void cannotBegin(Throwable failure) {
        String reason = "cannot begin to receive: " + Reasons.root(failure);
        end(reason, reason);
    }

    /** Nobody is interested any more. On any thread. */
    void cancel() {
        try {
            control.execute(() -> end("the receiver has cancelled", "cancelled"));
        } catch (RejectedExecutionException e) {
            LOGGER.debug("graceful-netty: the handoff was over before it was cancelled", e);
        }
    }

    @Override
    public void welcome(Message.Welcome welcome) {}

    @Override
    public void states(Map<String, byte[]> states) {
        give(new Delivery() {
            @Override
            public int index() {
                return 0;
            }

            @Override
            public void give() throws Exception {
                outcome.states(states);
            }

            @Override
            public void discard() {}

            @Override
            public String toString() {
                return "the application state";
            }
        });
    }

    @Override
    public void received(Inherited descriptor) {
        ReceivedDescriptor received = new ReceivedDescriptor(transport, descriptor);
        give(new Delivery() {
            @Override
            public int index() {
                return descriptor.index();
            }

            @Override
            public void give() throws Exception {
                outcome.received(received);
            }

            @Override
            public void discard() {
                received.close();
            }

            @Override
            public String toString() {
                return received.toString();
            }
        });
        count++;
    }

    private void give(Delivery delivery) {
        if (outcome.mayBlock()) {
            if (!deliveries.isBusy()) {
                slowness.broken();
            }
            deliveries.add(delivery);
            return;
        }
        try {
            delivery.give();
        } catch (Exception e) {
            throw new HandoffException(cannotUse(delivery, e), e);
        }
    }

    private static String cannotUse(Delivery delivery, Throwable cause) {
        return "the receiver could not use " + delivery + ": " + Reasons.of(cause);
    }

    /** The application has taken some of what was received. */
    @Override
    public void delivered() {
        int now = deliveries.taken(count);
        if (!deliveries.isBusy()) {
            slowness.over();
        } else if (now > taken) { // else the sender has heard nothing new, either
            slowness.broken();
        }
        taken = now;
        if (verdict != null) {
            settle(false);
        } else if (transfer != null) {
            transfer.used();
        }
    }

    @Override
    public void failed(Delivery with, Throwable cause) {
        if (!ended) {
            String reason = cannotUse(with, cause);
            end(reason, reason);
        }
        settle(false); // what ended it before has waited for this
    }

    @Override
    public void loopEnded() {
        deliveries.end();
        Runnable result = verdict;
        if (result == null) {
            outcome.failed(new HandoffException("its event loop has ended"));
        } else {
            result.run();
        }
    }

    private void tooSlow() {
        if (!deliveries.isBusy()) {
            delivered(); // it has taken everything, and that is about to be heard, if there was memory to tell
            return;
        }
        if (ended) {
            settle(true); // it is clear why, since the application began with this one
            return;
        }
        String reason = "the receiver has not taken " + deliveries.busyWith() + " within "
                + request.patience().toMillis() + " ms";
        end(reason, reason);
        settle(true);
    }

    @Override
    public boolean isBusy() {
        return deliveries.isBusy();
    }

    @Override
    public int used(int received) {
        return deliveries.taken(received);
    }

    @Override
    public void complete() {}

    @Override
    public boolean said(Message message) {
        IncomingTransfer begun = transfer;
        if (!(message instanceof Message.End) || begun == null) {
            return false;
        }
        if (!begun.isComplete()) {
            String reason = "the sender said that this was all, but " + begun.progress();
            end(reason, reason);
            return true;
        }
        begun.end();
        if (verdict == null) {
            verdict = () -> outcome.end(count);
            settle(false);
        }
        return true;
    }

    @Override
    public void absent() {
        failed("nobody listens at " + where);
    }

    @Override
    public void hungUp() {
        failed("the sender hung up: " + (transfer == null ? "" : transfer.progress()));
    }

    /** Ends it from this side: {@code told} is for the sender. */
    private void end(String told, String reason) {
        if (transfer != null) {
            transfer.abort(told);
        }
        failed(reason);
    }

    @Override
    public void failed(String reason) {
        if (ended) {
            return;
        }
        ended = true;
        verdict = () -> outcome.failed(new HandoffException(reason));
        deliveries.end();
        settle(false);
    }

    /**
     * Tells what has become of it, when the application does not work on a descriptor any more: whoever hears of the end knows
     * all that has come. It is told at once if the application takes too long.
     */
    private void settle(boolean now) {
        Runnable result = verdict;
        if (settled || result == null || (deliveries.isBusy() && !now)) {
            return;
        }
        settled = true;
        ended = true;
        slowness.over();
        if (open != null) {
            open.cancel();
        }
        result.run();
        control.shutDown();
    }

    /** Everything goes to the application. */
    record Everything(DescriptorHandler handler, CompletableFuture<Integer> result) implements Outcome<Integer> {
        @Override
        public boolean mayBlock() {
            return true;
        }

        @Override
        public void states(Map<String, byte[]> states) throws Exception {
            handler.states(states);
        }

        @Override
        public void received(ReceivedDescriptor descriptor) throws Exception {
            handler.received(descriptor, descriptor.metadata());
        }

        @Override
        public void end(int count) {
            ApplicationThreads.CALLBACKS.run(() -> result.complete(count));
        }

        @Override
        public void failed(HandoffException failure) {
            ApplicationThreads.CALLBACKS.run(() -> result.completeExceptionally(failure));
        }
    }

    /** Exactly one is wanted. */
    static final class One implements Outcome<ReceivedDescriptor> {
        private final CompletableFuture<ReceivedDescriptor> result;
        private @Nullable ReceivedDescriptor one;

        One(CompletableFuture<ReceivedDescriptor> result) {
            this.result = result;
        }

        @Override
        public void states(Map<String, byte[]> states) {}

        @Override
        public void received(ReceivedDescriptor descriptor) {
            if (one != null) {
                throw new HandoffException("exactly one descriptor was wanted, this is another one");
            }
            one = descriptor;
        }

        @Override
        public void end(int count) {
            ReceivedDescriptor received = one;
            if (received == null) {
                failed(new HandoffException("exactly one descriptor was wanted, none was offered"));
            } else {
                ApplicationThreads.CALLBACKS.run(() -> {
                    if (!result.complete(received)) {
                        received.close(); // cancelled meanwhile
                    }
                });
            }
        }

        @Override
        public void failed(HandoffException failure) {
            if (one != null) {
                one.close();
            }
            ApplicationThreads.CALLBACKS.run(() -> result.completeExceptionally(failure));
        }
    }
}
