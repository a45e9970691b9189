// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.protocol.Inherited;
import io.github.gracefulnetty.internal.protocol.Message;
import io.github.gracefulnetty.internal.protocol.Token;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.IncomingTransfer;
import io.github.gracefulnetty.transport.NativeTransport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

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
        void committed();

        /** The predecessor ended the handoff; it goes on serving. */
        void aborted(String reason);

        /** The predecessor hung up without a word: it is dead. */
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

    private final IncomingTransfer transfer;
    private final Path path;
    private final Events events;
    private List<Inherited> descriptors = new ArrayList<>();
    private Map<String, byte[]> states = Map.of();

    private Stage stage = Stage.RECEIVING;
    private int generation;
    private long predecessorPid;

    Takeover(
            NativeTransport transport, ControlLoop control, Path path, Token ticket, Settings settings, Events events) {
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
                        settings.mostState()),
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

    /** @param unclaimed the numbers of what this process has no use for */
    void serving(List<Integer> unclaimed) {
        transfer.send(new Message.Serving(unclaimed));
    }

    /** Ends the handoff from this side, if it is not over. */
    void abort(String reason) {
        over();
        transfer.abort(reason);
    }

    private Stage over() {
        Stage was = stage;
        stage = Stage.OVER;
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
            if (stage == Stage.RECEIVED && message instanceof Message.Commit) {
                events.committed();
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
