// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.listener.ListenerChannel;
import io.github.gracefulnetty.internal.listener.ListenerRegister;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Live migration, both halves, of one process. On the control loop, unless a method says otherwise. */
public final class Migration {
    private final @Nullable NativeTransport transport;
    private final ControlLoop control;
    private final ConnectionTracker connections;
    private final MoveMode mode;
    private final MovePolicy policy;
    private final @Nullable Arrivals arrivals;

    private @Nullable OutgoingMigration outgoing;
    private final Map<String, Inherited> laneEnds = new HashMap<>();
    private final List<IncomingLane> incoming = new ArrayList<>();
    private int incomingOver;

    public Migration(
            @Nullable NativeTransport transport,
            ControlLoop control,
            ConnectionTracker connections,
            ListenerRegister register,
            MoveMode mode) {
        this.transport = transport;
        this.control = control;
        this.connections = connections;
        this.mode = mode;
        this.policy = new MovePolicy(mode);
        this.arrivals = transport == null ? null : new Arrivals(transport, register, policy);
        register.onAccept(this::accepted);
    }

    /** On the listener's event loop. */
    private void accepted(ListenerChannel listener, Channel connection) {
        connection.pipeline().addLast(new Newcomer(policy, listener));
    }

    /**
     * As a predecessor: what a successor gets, so that connections can move. Nothing if none could.
     *
     * @return one end of each lane
     */
    public List<DescriptorSender.Item> offer() {
        NativeTransport usable = transport;
        Arrivals back = arrivals;
        outgoing = null; // one of an earlier upgrade is over
        Set<EventLoop> loops = new LinkedHashSet<>();
        connections.forEachOpen(one -> {
            Channel channel = one.channel();
            if (usable != null && one.isMovable() && channel.isRegistered() && usable.drives(channel.eventLoop())) {
                loops.add(channel.eventLoop());
            }
        });
        if (loops.isEmpty() || usable == null || back == null) {
            return List.of();
        }
        try {
            OutgoingMigration made = new OutgoingMigration(usable, connections, policy, back, loops);
            outgoing = made;
            return made.items(usable);
        } catch (Throwable t) { // the upgrade goes on without
            LOGGER.warn("graceful-netty: no connection moves: {}", Reasons.of(t));
            withdraw();
            return List.of();
        }
    }

    /** As a predecessor: there is no successor after all. */
    public void withdraw() {
        OutgoingMigration made = outgoing;
        outgoing = null;
        if (made != null) {
            made.discard();
        }
    }

    /** As a predecessor: what moves connections to the successor that serves now; {@code null} if there is nothing. */
    public @Nullable Mover mover() {
        return outgoing;
    }

    /** As a successor: keeps the ends of lanes among what was received, and returns the rest. */
    public List<Inherited> inherit(List<Inherited> received) {
        List<Inherited> rest = new ArrayList<>();
        for (Inherited one : received) {
            String name = one.description().name();
            if (one.description().kind() != DescriptorKind.UNIX_CONNECTION || !LaneName.isOne(name)) {
                rest.add(one);
            } else if (mode == MoveMode.OFF || laneEnds.putIfAbsent(name, one) != null) {
                one.descriptor().close();
            }
        }
        return rest;
    }

    /**
     * As a successor: this process serves, connections may come.
     *
     * @param predecessor the pid of the process that they come from
     */
    public void begin(long predecessor) {
        NativeTransport usable = transport;
        Arrivals target = arrivals;
        if (usable == null || target == null) {
            return;
        }
        for (Inherited bytes : List.copyOf(laneEnds.values())) {
            String other = LaneName.descriptorsOf(bytes.description().name());
            Inherited descriptors = other == null ? null : laneEnds.get(other);
            if (descriptors != null) {
                begin(new IncomingLane(usable, control, target, predecessor, this::incomingOver), bytes, descriptors);
            }
        }
        close();
    }

    /** Whose ends cannot be adopted does not begin; they are closed, and the predecessor's connections of it stay there. */
    private void begin(IncomingLane lane, Inherited bytes, Inherited descriptors) {
        NativeTransport usable = Objects.requireNonNull(transport, "only a native transport has lanes");
        try {
            Channel byteConnection = bytes.descriptor().adopt(usable, DescriptorKind.UNIX_CONNECTION);
            try {
                Channel descriptorConnection = descriptors.descriptor().adopt(usable, DescriptorKind.UNIX_CONNECTION);
                usable.receiveDescriptors(descriptorConnection);
                incoming.add(lane);
                lane.begin(byteConnection, descriptorConnection);
            } catch (Throwable t) {
                byteConnection.unsafe().closeForcibly();
                throw t;
            }
        } catch (IOException e) {
            LOGGER.warn("graceful-netty: no connections move here on one lane: {}", Reasons.of(e));
        }
    }

    /** As a successor: how many connections are served here that the predecessor had. */
    public int movedHere() {
        return incoming.stream().mapToInt(IncomingLane::started).sum();
    }

    private void incomingOver() {
        int moved = movedHere();
        if (++incomingOver == incoming.size() && moved > 0) {
            LOGGER.info("graceful-netty: {} connections moved here from the predecessor", moved);
        }
    }

    /** Closes the ends of lanes that were received and not begun. */
    public void close() {
        laneEnds.values().forEach(end -> end.descriptor().close());
        laneEnds.clear();
    }
}
