// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.Deadline;
import io.github.gracefulnetty.internal.transfer.IncomingTransfer;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.NativeTransport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The successor's half of a handoff: receives what the predecessor has, and follows it until it is gone. All on the
 * control loop. Owns every descriptor that arrives until it has told the listener that all are there.
 */
final class Takeover {
    /** What happens, on the control loop. First one of {@link #received}, {@link #nobody} and {@link #failed}. */
    interface Events {
        /** Everything is here; the descriptors are the receiver's to close. */
        void received(Takeover from, Received what);

        /** The predecessor opened something more meanwhile; the descriptors are the receiver's to close. */
        void receivedMore(List<Inherited> descriptors);

        /** Nobody was there, or a dying predecessor. */
        void nobody();

        /** There is a predecessor, but it did not work out. */
        void failed(HandoffException reason);

        /** The predecessor has committed: this process may accept. */
        void committed(Duration probation);

        /** The predecessor takes nothing back any more. */
        void settled();

        /** The predecessor serves again. */
        void takenBack(String reason);

        /** The predecessor ended the handoff; it goes on serving. */
        void aborted(String reason);

        /** The predecessor hung up without a word: it is dead, or cannot go on. */
        void predecessorLost();

        /** The predecessor has drained and goes. */
        void drained(long forced);
    }

    /** What a predecessor hands on. */
    record Received(List<Inherited> descriptors, Map<String, byte[]> states) {}

    private enum Stage {
        RECEIVING,
        RECEIVED,
        OVER
    }

    /** How long, beyond the deadline, the predecessor may take to say that it has passed. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final ControlLoop control;
    private final IncomingTransfer transfer;
    private final Path path;
    private final Events events;
    private List<Inherited> descriptors = new ArrayList<>();
    private Map<String, byte[]> states = Map.of();

    private Stage stage = Stage.RECEIVING;
    private boolean committed;
    private int generation;
    private long predecessorPid;
    private @Nullable Deadline deadline;

    Takeover(
            NativeTransport transport, ControlLoop control, Path path, Token ticket, Settings settings, Events events) {
        this.control = control;
        this.path = path;
        this.events = events;
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

    int generation() {
        return generation;
    }

    long predecessorPid() {
        return predecessorPid;
    }

    /** Connects. On the control loop. */
    void start() {
        transfer.connect(path);
    }

    void ready() {
        transfer.send(new Message.Ready());
    }

    /** Says something to the predecessor, if it is still there. */
    void say(Message message) {
        if (stage != Stage.OVER) {
            transfer.send(message);
        }
    }

    /** The predecessor's pid, as the kernel tells it; 0 if it means nothing here. */
    long peerPid() {
        return transfer.peerPid();
    }

    /** Ends the handoff from this side, if it is not over. */
    void abort(String reason) {
        over();
        transfer.abort(reason);
    }

    private void timedOut(Duration limit) {
        if (stage != Stage.OVER && !committed) {
            String reason = "predecessor pid " + predecessorPid + " neither let this process go on nor gave up within "
                    + limit.toMillis() + " ms";
            Stage was = over();
            transfer.abort(reason);
            if (was == Stage.RECEIVING) {
                events.failed(new HandoffException(reason));
            } else {
                events.aborted(reason);
            }
        }
    }

    private void committed(Duration probation) {
        if (stage == Stage.RECEIVED) {
            committed = true;
            events.committed(probation);
        }
    }

    private Stage over() {
        Stage was = stage;
        stage = Stage.OVER;
        if (deadline != null) {
            deadline.cancel();
        }
        for (Inherited descriptor : take()) {
            descriptor.descriptor().close();
        }
        return was;
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
            Duration limit = Duration.ofMillis(welcome.readyWithinMillis());
            deadline = Deadline.in(limit.plus(LAST_WORDS), control, () -> timedOut(limit));
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
            if (stage == Stage.RECEIVING) {
                stage = Stage.RECEIVED;
                transfer.received();
                events.received(Takeover.this, new Received(take(), states));
                states = Map.of();
            } else {
                events.receivedMore(take());
            }
        }

        @Override
        public boolean said(Message message) {
            if (stage == Stage.RECEIVED && message instanceof Message.Commit commit) {
                // Not yet: it may have been taken back while this process was stopped, and that is read next.
                control.execute(() -> committed(Duration.ofMillis(commit.probationMillis())));
            } else if (stage == Stage.RECEIVED && message instanceof Message.Confirmed) {
                events.settled();
            } else if (stage == Stage.RECEIVED && message instanceof Message.RolledBack takenBack) {
                over();
                transfer.end();
                events.takenBack(takenBack.reason());
            } else if (stage == Stage.RECEIVED && message instanceof Message.Drained drained) {
                over();
                transfer.end();
                events.drained(drained.forced());
            } else {
                return false;
            }
            return true;
        }

        @Override
        public void absent() {
            over();
            events.nobody();
        }

        @Override
        public void failed(String reason) {
            if (over() == Stage.RECEIVING) {
                events.failed(new HandoffException(reason));
            } else {
                events.aborted(reason);
            }
        }

        @Override
        public void hungUp() {
            if (over() == Stage.RECEIVING) {
                events.nobody(); // it died: what it had is free, or bound by somebody else
            } else {
                events.predecessorLost();
            }
        }
    }
}
