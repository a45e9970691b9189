// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.Deadline;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.HandoffServer;
import io.github.gracefulnetty.internal.transfer.OutgoingTransfer;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The predecessor's half of one upgrade, until the successor serves or the upgrade has failed: its deadline, which runs
 * from the first moment, the transfer, and the successor's process if this process started it. How far it is, the
 * {@link Phase} says that carries it. All on the control loop.
 */
final class Handover {
    /** Who decides what follows; told on the control loop. */
    interface Owner {
        /** The time is up. */
        void timedOut(Handover handover);

        /** The process that was started has ended, and how. */
        void exited(Handover handover, String how);

        /** The successor has everything that was given so far. */
        void sent(Handover handover);

        /** The successor said something; {@code false} if that was not due. */
        boolean said(Handover handover, Message message);

        /** The transfer cannot go on. */
        void failed(Handover handover, String reason);

        /** The successor has closed the byte connection. */
        void hungUp(Handover handover);
    }

    private final ControlLoop control;
    private final int generation;
    private final Duration timeout;
    private final Owner owner;
    private final CompletableFuture<Replacement> result;
    private final Token ticket = Token.random();
    private final long startedNanos = System.nanoTime();
    private final Deadline deadline;

    private long successorPid;
    private boolean ready;
    private @Nullable SuccessorProcess process;
    private @Nullable OutgoingTransfer transfer;
    private @Nullable Channel lane;
    private @Nullable Channel served;

    /**
     * Begins to wait.
     *
     * @param generation the successor's
     * @param result for whoever asked for this upgrade
     */
    Handover(
            ControlLoop control, int generation, Duration timeout, Owner owner, CompletableFuture<Replacement> result) {
        this.control = control;
        this.generation = generation;
        this.timeout = timeout;
        this.owner = owner;
        this.result = result;
        this.deadline = Deadline.in(timeout, control, () -> owner.timedOut(this));
    }

    /** What the process that we start has to show; not known to any other. */
    Token ticket() {
        return ticket;
    }

    CompletableFuture<Replacement> result() {
        return result;
    }

    /** The process that this upgrade started: ended, unless it serves in the end. */
    void started(SuccessorProcess started) {
        process = started;
        successorPid = started.pid();
        started.onExit(how -> control.execute(() -> owner.exited(this, how)));
    }

    /** Whether this process started the successor: then its exit is known, and says more than a hang-up. */
    boolean startedIt() {
        return process != null;
    }

    /** A guess why the process that was started has not connected, for messages; empty if there is none. */
    String whyNotConnected() {
        return process == null ? "" : process.whyNotConnected();
    }

    /** As the kernel tells it; 0 while it is not known. */
    long successorPid() {
        return successorPid;
    }

    /** Who is meant, for messages. */
    String successor() {
        return successorPid == 0 ? "the successor" : "successor pid " + successorPid;
    }

    /** For log lines: which upgrade this is. */
    String name() {
        return (generation - 1) + "->" + generation;
    }

    int generation() {
        return generation;
    }

    Duration timeout() {
        return timeout;
    }

    long elapsedMillis() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos);
    }

    /** The successor has connected, and is accepted. */
    void connected(Channel channel, long pid) {
        successorPid = pid;
        OutgoingTransfer begun = new OutgoingTransfer(control, channel, successor(), null, new Transfer());
        transfer = begun;
        begun.welcome(generation, Math.max(1, timeout.toMillis() - elapsedMillis()));
    }

    /** Whether a descriptor connection that shows this token belongs here. */
    boolean awaits(Token token) {
        return lane == null && transfer != null && transfer.awaits(token);
    }

    /** The descriptor connection is there; what is sent is not, yet. */
    void attached(Channel connection) {
        lane = connection;
    }

    /** Whether the descriptor connection is there. */
    boolean isAttached() {
        return lane != null;
    }

    /** Everything is sent. */
    void send(OutgoingTransfer.Contents contents) {
        begun().attached(open(lane), contents);
    }

    /** This process has opened something more. */
    void add(List<DescriptorSender.Item> items) {
        begun().add(items);
    }

    /** Whether the successor has everything, and has said that it is ready. */
    boolean mayGoOn() {
        return ready && begun().isComplete();
    }

    /** The successor has said that it is ready. */
    void saidReady() {
        ready = true;
    }

    /** The successor may serve. */
    void commit(Duration probation) {
        begun().send(new Message.Commit(probation.toMillis()));
    }

    /** How far the transfer got, for messages. */
    String progress() {
        return begun().progress();
    }

    /** What was sent, in the order of its numbers. */
    List<DescriptorSender.Item> items() {
        return begun().items();
    }

    /** The successor serves: the connection to it, and its process if there is one, are the caller's from now on. */
    Channel succeeded() {
        deadline.cancel();
        OutgoingTransfer over = begun();
        over.close();
        served = over.connection();
        return over.connection();
    }

    /** See {@link #startedIt}. */
    @Nullable
    SuccessorProcess process() {
        return process;
    }

    /**
     * It has failed: tells the successor why, and ends its process.
     *
     * @param byItself whether the successor gave up: then it is about to exit, and may still be saying why
     * @return completes, on some thread, when its process has ended, at the latest after some seconds
     */
    CompletableFuture<Void> fail(String reason, boolean byItself) {
        deadline.cancel();
        try {
            tell(reason);
        } catch (Throwable t) {
            Guard.log(t);
        }
        try {
            if (lane != null) {
                lane.close();
            }
        } catch (Throwable t) {
            Guard.log(t);
        }
        SuccessorProcess ours = process;
        return ours == null ? CompletableFuture.completedFuture(null) : ours.end(control, byItself);
    }

    private void tell(String reason) {
        if (served != null) { // where its departure failed: it must not serve beside this process
            HandoffServer.lastWord(served, new Message.RolledBack(reason));
        } else if (transfer != null) {
            transfer.abort(reason);
        }
    }

    private OutgoingTransfer begun() {
        return open(transfer);
    }

    private static <T> T open(@Nullable T connection) {
        if (connection == null) {
            throw new IllegalStateException("the successor has not connected");
        }
        return connection;
    }

    private final class Transfer implements OutgoingTransfer.Events {
        @Override
        public void sent() {
            owner.sent(Handover.this);
        }

        @Override
        public boolean said(Message message) {
            return owner.said(Handover.this, message);
        }

        @Override
        public void failed(String reason) {
            owner.failed(Handover.this, reason);
        }

        @Override
        public void hungUp() {
            owner.hungUp(Handover.this);
        }
    }
}
