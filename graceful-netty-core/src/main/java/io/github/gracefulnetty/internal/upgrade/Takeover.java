// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.Deadline;
import io.github.gracefulnetty.internal.transfer.IncomingTransfer;
import io.github.gracefulnetty.internal.transfer.TimeLimit;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.NativeTransport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The successor's half of one upgrade, and its view of the predecessor until that is gone: its deadline, which runs from
 * the first moment, the transfer, and probation. How far it is, the {@link Phase} says. All on the control loop. Owns every
 * descriptor that arrives until it has told its owner that all are there.
 */
final class Takeover {
    /** Who decides what follows; told on the control loop. Nothing happens after {@link Takeover#end}. */
    interface Owner {
        /** The predecessor has accepted this process. */
        void welcomed(Takeover takeover);

        /** Everything that was announced so far is here; the descriptors are the owner's to close. */
        void received(Takeover takeover, List<Inherited> descriptors, Map<String, byte[]> states);

        /** The predecessor said something else; {@code false} if that was not due. */
        boolean said(Takeover takeover, Message message);

        /** Nobody listens at the path. */
        void absent(Takeover takeover);

        /** It is over: the predecessor or this process gave up, and each side knows why. */
        void failed(Takeover takeover, String reason);

        /** It is over: the predecessor hung up without a word. It is dead, or cannot go on. */
        void hungUp(Takeover takeover);

        /** The time in which this process must be ready is all but over: it may still say why it is not. */
        void late(Takeover takeover);

        /** Neither was this process let go on in time, nor did the predecessor give up. */
        void timedOut(Takeover takeover);
    }

    /** How long it may take until the predecessor has accepted this process and says how long the rest may take. */
    private static final Duration WELCOME = Duration.ofSeconds(60);

    /** How long before the predecessor gives up this process does; a tenth of a time that is short. */
    private static final Duration TIME_TO_TELL = Duration.ofMillis(500);

    /** How long, beyond the deadline, the predecessor may take to say that it has passed. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final ControlLoop control;
    private final IncomingTransfer transfer;
    private final Path path;
    private final Owner owner;
    private final CompletableFuture<Void> gone = new CompletableFuture<>();
    private List<Inherited> descriptors = new ArrayList<>();
    private Map<String, byte[]> states = Map.of();
    private Deadline deadline;
    private @Nullable Deadline late;
    private Duration limit = WELCOME;
    private volatile int generation = 1;
    private volatile long predecessorPid;
    private volatile boolean over;

    /** Begins to wait; see {@link #start}. */
    Takeover(NativeTransport transport, ControlLoop control, Path path, Token ticket, Settings settings, Owner owner) {
        this.control = control;
        this.path = path;
        this.owner = owner;
        this.deadline = Deadline.in(WELCOME, control, () -> owner.timedOut(this));
        this.transfer = new IncomingTransfer(
                transport,
                control,
                new IncomingTransfer.Request(
                        Message.Purpose.TAKE_OVER,
                        ticket,
                        settings.application(),
                        IncomingTransfer.PATIENCE,
                        settings.maxApplicationState()),
                "unix:" + path,
                new Transfer());
    }

    /** This process's own generation. */
    int generation() {
        return generation;
    }

    /** Where the predecessor listens. */
    Path path() {
        return path;
    }

    /** The predecessor's pid, as the kernel tells it; 0 if it means nothing here. */
    long peerPid() {
        return transfer.peerPid();
    }

    /** The predecessor, for messages. */
    String predecessor() {
        return "predecessor" + (predecessorPid == 0 ? " at unix:" + path : " pid " + predecessorPid);
    }

    /** How long this process has until it must be ready. */
    Duration limit() {
        return limit;
    }

    /** Connects. */
    void start() {
        transfer.connect(path);
    }

    /** Says something to the predecessor, if it is still there. */
    void say(Message message) {
        if (!over) {
            transfer.send(message);
        }
    }

    /** The predecessor has let this process go on. */
    void committed() {
        cancelDeadlines();
    }

    private void cancelDeadlines() {
        deadline.cancel();
        if (late != null) {
            late.cancel();
        }
    }

    /** Ends it from this side: tells the predecessor why. Closes what nobody has been given. */
    void abort(String reason) {
        if (!over) {
            over();
            transfer.abort(reason);
        }
    }

    /** Ends it without a word: closes the connections, and what nobody has been given. */
    void end() {
        over();
        transfer.end();
    }

    private void over() {
        over = true;
        cancelDeadlines();
        for (Inherited descriptor : take()) {
            Guard.quietly(() -> descriptor.descriptor().close());
        }
    }

    /** Completes on the control loop when the predecessor needs this process no more: it has drained, or is gone. */
    CompletableFuture<Void> gone() {
        return gone;
    }

    private List<Inherited> take() {
        List<Inherited> taken = descriptors;
        descriptors = new ArrayList<>();
        return taken;
    }

    private final class Transfer implements IncomingTransfer.Events {
        @Override
        public void welcome(Message.Welcome welcome) {
            predecessorPid = welcome.pid();
            generation = welcome.generation();
            limit = TimeLimit.ofUnsignedMillis(welcome.readyWithinMillis());
            deadline.cancel();
            deadline = Deadline.in(limit.plus(LAST_WORDS), control, () -> owner.timedOut(Takeover.this));
            Duration tenth = limit.dividedBy(10);
            Duration toTell = tenth.compareTo(TIME_TO_TELL) < 0 ? tenth : TIME_TO_TELL;
            late = Deadline.in(limit.minus(toTell), control, () -> owner.late(Takeover.this));
            owner.welcomed(Takeover.this);
        }

        @Override
        public void states(Map<String, byte[]> received) {
            states = received;
        }

        @Override
        public void received(Inherited descriptor) {
            descriptors.add(descriptor);
        }

        @Override
        public void complete() {
            transfer.received();
            Map<String, byte[]> once = states;
            states = Map.of();
            owner.received(Takeover.this, take(), once);
        }

        @Override
        public boolean said(Message message) {
            return owner.said(Takeover.this, message);
        }

        @Override
        public void absent() {
            over();
            owner.absent(Takeover.this);
        }

        @Override
        public void failed(String reason) {
            over();
            owner.failed(Takeover.this, reason);
        }

        @Override
        public void hungUp() {
            over();
            owner.hungUp(Takeover.this);
        }
    }
}
