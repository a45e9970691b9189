// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.IncomingTransfer;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** One handoff of a {@link Receiver}. On one event loop. Owns the connections, and the loop if it is its own. */
final class ReceivingSession implements IncomingTransfer.Events {
    /** What becomes of what is received. */
    interface Outcome<T> {
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
    private int count;
    private boolean over;

    ReceivingSession(
            NativeTransport transport, ControlLoop control, Outcome<?> outcome, Duration patience, long maxState) {
        this.transport = transport;
        this.control = control;
        this.outcome = outcome;
        this.request = new IncomingTransfer.Request(Message.Purpose.RECEIVE, Token.NONE, "", patience, maxState);
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
            } else if (over) {
                pair.close();
            } else {
                begin("the other end of the connection").attach(pair.bytes(), pair.lane());
            }
        });
    }

    /** The first step has failed. On the loop. */
    void cannotBegin(Throwable failure) {
        String reason = "cannot begin to receive: " + Reasons.root(failure);
        if (transfer != null) {
            transfer.abort(reason);
        }
        failed(reason);
    }

    /** Nobody is interested any more. On any thread. */
    void cancel() {
        try {
            control.execute(() -> {
                if (!over) {
                    if (transfer != null) {
                        transfer.abort("the receiver has cancelled");
                    }
                    failed("cancelled");
                }
            });
        } catch (RejectedExecutionException e) {
            over = true; // the loop has ended, and the handoff with it
        }
    }

    @Override
    public void welcome(Message.Welcome welcome) {}

    @Override
    public void states(Map<String, byte[]> states) {
        try {
            outcome.states(states);
        } catch (Exception e) {
            throw new HandoffException("the receiver could not use the application state: " + Reasons.of(e), e);
        }
    }

    @Override
    public void received(Inherited descriptor) {
        ReceivedDescriptor received = new ReceivedDescriptor(transport, descriptor);
        try {
            outcome.received(received);
            count++;
        } catch (Exception e) {
            throw new HandoffException("the receiver could not use " + received + ": " + Reasons.of(e), e);
        }
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
            begun.abort("the sender said that this was all, but " + begun.progress());
            failed("the sender said that this was all, but " + begun.progress());
            return true;
        }
        begun.end();
        if (!over) {
            outcome.end(count);
            close();
        }
        return true;
    }

    @Override
    public void absent() {
        failed("nobody listens at " + where);
    }

    @Override
    public void failed(String reason) {
        if (!over) {
            outcome.failed(new HandoffException(reason));
            close();
        }
    }

    @Override
    public void hungUp() {
        failed("the sender hung up: " + (transfer == null ? "" : transfer.progress()));
    }

    private void close() {
        over = true;
        if (open != null) {
            open.cancel();
        }
        control.shutDown();
    }

    /** Everything goes to the application. */
    record Everything(DescriptorHandler handler, CompletableFuture<Integer> result) implements Outcome<Integer> {
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
            result.complete(count);
        }

        @Override
        public void failed(HandoffException failure) {
            result.completeExceptionally(failure);
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
                result.completeExceptionally(
                        new HandoffException("exactly one descriptor was wanted, none was offered"));
            } else if (!result.complete(received)) {
                received.close(); // cancelled meanwhile
            }
        }

        @Override
        public void failed(HandoffException failure) {
            if (one != null) {
                one.close();
            }
            result.completeExceptionally(failure);
        }
    }
}
