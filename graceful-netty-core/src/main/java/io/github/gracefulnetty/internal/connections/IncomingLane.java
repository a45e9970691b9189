// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.process.OtherProcess;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.IncomingTransfer;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The successor's end of one lane: receives connections, holds each until the predecessor has let go of it, and starts it
 * then. On one event loop.
 */
final class IncomingLane implements IncomingTransfer.Events {
    /** What becomes of a connection that was taken. */
    private enum Rule {
        /** It is held until the predecessor says that it has released it. */
        HOLD,
        /** The lane has ended, and it is not known yet whether the predecessor has. */
        WAIT,
        /** The predecessor is gone: it is ours. */
        START,
        /** The predecessor keeps what it has not released. */
        ABANDON
    }

    private final ControlLoop control;
    private final Arrivals arrivals;
    private final IncomingTransfer transfer;
    private final long predecessor;
    private final Runnable over;
    private final Map<Integer, ArrivalGate> held = new HashMap<>();
    private final List<Integer> taken = new ArrayList<>();
    private final Inbox<Settled> settled;
    private Bytes lastMetadata = Bytes.NONE;
    private @Nullable Luggage lastLuggage;
    private Rule rule = Rule.HOLD;
    private int started;

    /**
     * @param predecessor the pid of the process at the other end
     * @param over runs when nothing more comes
     */
    IncomingLane(NativeTransport transport, ControlLoop control, Arrivals arrivals, long predecessor, Runnable over) {
        this.predecessor = predecessor;
        this.control = control;
        this.arrivals = arrivals;
        this.over = over;
        this.settled = new Inbox<>(control.loop(), new Settling());
        this.transfer = new IncomingTransfer(
                transport,
                control,
                new IncomingTransfer.Request(Message.Purpose.MIGRATE, Token.NONE, "", IncomingTransfer.PATIENCE, 0),
                "the other end of a lane",
                this);
    }

    /** @param descriptors set to receive descriptors; neither is registered yet */
    void begin(Channel bytes, Channel descriptors) {
        transfer.attach(bytes, descriptors);
    }

    /** How many connections came on this lane and are served here. */
    int started() {
        return started;
    }

    @Override
    public void welcome(Message.Welcome welcome) {
        transfer.received(); // from now on silence means that no connection is idle
    }

    @Override
    public void states(Map<String, byte[]> states) {}

    @Override
    public void complete() {}

    /** {@link Arrivals} do, when they have a channel. */
    @Override
    public boolean verifies() {
        return true;
    }

    /** That it was taken, or is refused. */
    @Override
    public boolean answersEach() {
        return true;
    }

    @Override
    public void received(Inherited connection) {
        int number = connection.index();
        arrivals.arrive(
                connection.description(),
                connection.descriptor(),
                luggage(connection.metadata()),
                null,
                new ArrivalGate.Outcome() {
                    @Override
                    public void taken(ArrivalGate gate) {
                        settled.put(new Settled(number, gate, ""));
                    }

                    @Override
                    public void refused(String reason) {
                        settled.put(new Settled(number, null, reason));
                    }
                });
    }

    /** Most connections take along what the one before did. */
    private Luggage luggage(Bytes metadata) {
        Luggage known = lastLuggage;
        if (known == null || !metadata.equals(lastMetadata)) {
            known = Luggage.of(metadata);
            lastLuggage = known;
            lastMetadata = metadata;
        }
        return known;
    }

    /** What the listener has done with a connection: it is held at the gate, or there is none, and a reason. */
    private record Settled(int number, @Nullable ArrivalGate gate, String refusal) {}

    private final class Settling implements Inbox.Owner<Settled> {
        @Override
        public void take(Settled one) {
            ArrivalGate gate = one.gate();
            if (gate != null) {
                hold(one.number(), gate);
            } else {
                transfer.send(new Message.Refused(one.number(), one.refusal()));
            }
        }

        /** Says what was taken. */
        @Override
        public void taken() {
            List<Integer> numbers = List.copyOf(taken);
            taken.clear();
            if (rule == Rule.HOLD && !numbers.isEmpty()) {
                transfer.send(new Message.Taken(numbers));
            }
        }

        @Override
        public void reject(Settled one) {
            ArrivalGate gate = one.gate();
            if (gate != null) {
                gate.abandon();
            }
        }
    }

    private void hold(int number, ArrivalGate gate) {
        switch (rule) {
            case HOLD -> {
                held.put(number, gate);
                taken.add(number);
            }
            case WAIT -> held.put(number, gate);
            case START -> start(gate);
            case ABANDON -> gate.abandon();
        }
    }

    private void start(ArrivalGate gate) {
        started++;
        gate.start();
    }

    @Override
    public boolean survivesLoss() {
        return true;
    }

    @Override
    public void lost(int number) {
        transfer.send(new Message.Refused(number, "the successor may have no more descriptors open, see ulimit -n"));
    }

    @Override
    public boolean said(Message message) {
        if (message instanceof Message.Released released) {
            return released(released.connections());
        }
        if (message instanceof Message.End) {
            if (transfer.isMissingSome()) {
                LOGGER.warn(
                        "graceful-netty: the predecessor has ended a lane with connections on their way here, they are"
                                + " lost: {}",
                        transfer.progress());
            }
            transfer.end();
            end(Rule.START);
            return true;
        }
        return false;
    }

    /** {@code false} if one of them is not held. */
    private boolean released(List<Integer> numbers) {
        List<ArrivalGate> gates = new ArrayList<>(numbers.size());
        for (int number : numbers) {
            ArrivalGate gate = held.remove(number);
            if (gate == null) {
                break;
            }
            gates.add(gate);
        }
        started += gates.size();
        ArrivalGate.start(gates);
        return gates.size() == numbers.size();
    }

    @Override
    public void absent() {}

    @Override
    public void failed(String reason) {
        LOGGER.warn("graceful-netty: no more connections move here on one lane: {}", reason);
        end(Rule.ABANDON);
    }

    /**
     * Whatever the predecessor had released was read before the end. So the rest is its own if it lives, and serves there;
     * if not, there is nobody else.
     */
    @Override
    public void hungUp() {
        rule = Rule.WAIT;
        OtherProcess.whenKnown(
                predecessor, control.loop(), fate -> end(fate == OtherProcess.Fate.DEAD ? Rule.START : Rule.ABANDON));
    }

    private void end(Rule next) {
        rule = next;
        List<ArrivalGate> left = List.copyOf(held.values());
        held.clear();
        left.forEach(next == Rule.START ? this::start : ArrivalGate::abandon);
        over.run();
    }
}
