// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.process.OtherProcess;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.OutgoingTransfer;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.unix.PeerCredentials;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** One receiver, from its hello until it has everything. On one event loop. Owns the connections. */
final class SendingSession implements OutgoingTransfer.Events {
    private final NativeTransport transport;
    private final Offerer offerer;
    private final Duration patience;
    private final Offering offering;
    private final OutgoingTransfer transfer;

    /** @param bytes the byte connection, on which the receiver has said hello */
    SendingSession(
            NativeTransport transport,
            ControlLoop control,
            Channel bytes,
            long receiverPid,
            Offerer offerer,
            Duration patience) {
        this.transport = transport;
        this.offerer = offerer;
        this.patience = patience;
        this.offering = new Offering(receiverPid);
        this.transfer =
                new OutgoingTransfer(control, bytes, "receiver " + OtherProcess.describe(receiverPid), patience, this);
    }

    /** Completes when the receiver has everything, or it is clear that it will not. */
    CompletableFuture<Void> over() {
        return offering.receivedFuture();
    }

    void welcome() {
        transfer.welcome(0, patience.toMillis());
    }

    /** Whether a descriptor connection belongs here: it shows this token, and comes from the process that said hello. */
    boolean awaits(Token token, PeerCredentials peer) {
        return transfer.awaits(token) && peer.pid() == offering.receiverPid();
    }

    void attached(Channel lane) {
        OutgoingTransfer.Contents contents;
        try {
            offerer.offer(offering);
            contents = offering.contents(transport);
        } catch (Throwable t) {
            lane.close();
            offering.closeStates();
            abort("the sender has nothing to offer: " + Reasons.of(t));
            return;
        }
        transfer.attached(lane, contents);
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
        abort(reason);
    }

    @Override
    public void hungUp() {
        transfer.close();
        over().completeExceptionally(new HandoffException("the receiver hung up: " + transfer.progress()));
    }

    void abort(String reason) {
        if (!over().isDone()) {
            transfer.abort(reason);
            over().completeExceptionally(new HandoffException(reason));
        }
    }
}
