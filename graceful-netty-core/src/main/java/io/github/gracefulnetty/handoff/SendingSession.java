// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.process.OtherProcess;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.Deadline;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.OutgoingTransfer;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.unix.PeerCredentials;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * One receiver, from its hello until it has everything. On one event loop; the offerer runs elsewhere. Owns the connections.
 */
final class SendingSession implements OutgoingTransfer.Events {
    private final NativeTransport transport;
    private final ControlLoop control;
    private final Offerer offerer;
    private final Duration patience;
    private final Offering offering;
    private final OutgoingTransfer transfer;
    private @Nullable Deadline offererDeadline;
    private CompletableFuture<Void> asked = CompletableFuture.completedFuture(null);

    /** @param bytes the byte connection, on which the receiver has said hello */
    SendingSession(
            NativeTransport transport,
            ControlLoop control,
            Channel bytes,
            long receiverPid,
            Offerer offerer,
            Duration patience) {
        this.transport = transport;
        this.control = control;
        this.offerer = offerer;
        this.patience = patience;
        this.offering = new Offering(receiverPid);
        this.transfer = new OutgoingTransfer(
                control,
                bytes,
                "receiver " + OtherProcess.describe(receiverPid),
                patience,
                this,
                ApplicationThreads.CALLBACKS::start);
        over().whenComplete((nothing, failure) -> ended());
    }

    /** Completes when the receiver has everything, or it is clear that it will not. */
    CompletableFuture<Void> over() {
        return offering.receivedFuture();
    }

    private void ended() {
        Deadline pending = offererDeadline;
        if (pending != null) {
            pending.cancel();
        }
        offering.withdraw();
    }

    /** Completes on the event loop when the offerer does not run, or no more; that may be long after the end. */
    CompletableFuture<Void> asked() {
        return asked;
    }

    void welcome() {
        transfer.welcome(0, patience.toMillis());
    }

    /** Whether a descriptor connection belongs here: it shows this token, and comes from the process that said hello. */
    boolean awaits(Token token, PeerCredentials peer) {
        return transfer.awaits(token) && peer.pid() == offering.receiverPid();
    }

    void attached(Channel lane) {
        transfer.opened(lane);
        offererDeadline = Deadline.in(
                patience,
                control,
                () -> abort("the sender's offerer has not returned within " + patience.toMillis() + " ms"));
        asked = new CompletableFuture<>();
        try {
            ApplicationThreads.CALLBACKS.start(() -> ask(lane));
        } catch (Throwable t) {
            asked.complete(null);
            nothingToOffer(t);
        }
    }

    /** On a thread that the offerer may block. */
    private void ask(Channel lane) {
        Runnable then;
        try {
            offerer.offer(offering);
            List<DescriptorSender.Item> items = offering.items(transport);
            then = () -> transfer.attached(lane, new OutgoingTransfer.Contents(offering.takeStates(), items));
        } catch (Throwable t) {
            then = () -> nothingToOffer(t);
        }
        Runnable next = then;
        try {
            control.execute(() -> answered(next));
        } catch (RejectedExecutionException e) {
            over().completeExceptionally(new HandoffException("the event loop of the handoff has ended", e));
        }
    }

    private void answered(Runnable next) {
        asked.complete(null);
        if (over().isDone()) {
            return;
        }
        Deadline pending = offererDeadline;
        if (pending != null) {
            pending.cancel();
        }
        next.run();
    }

    private void nothingToOffer(Throwable cause) {
        abort("the sender has nothing to offer: " + Reasons.of(cause));
    }

    /** How far it got, for messages. */
    private String progress() {
        return asked.isDone() ? transfer.progress() : "the sender's offerer has not returned yet";
    }

    @Override
    public void sent() {
        transfer.close();
        transfer.connection().writeAndFlush(new Message.End()).addListener(ChannelFutureListener.CLOSE);
        over().complete(null);
    }

    @Override
    public boolean said(Message message) {
        return false;
    }

    @Override
    public void failed(String reason) {
        abort(asked.isDone() ? reason : reason + ": " + progress());
    }

    @Override
    public void hungUp() {
        transfer.close();
        over().completeExceptionally(new HandoffException("the receiver hung up: " + progress()));
    }

    void abort(String reason) {
        if (!over().isDone()) {
            transfer.abort(reason);
            over().completeExceptionally(new HandoffException(reason));
        }
    }
}
