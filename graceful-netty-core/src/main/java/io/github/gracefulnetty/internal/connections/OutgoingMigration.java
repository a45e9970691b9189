// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.migration;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.drain.Mover;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The predecessor's half: one lane for each event loop that has connections which may move. A connection has one owner at
 * any time: its channel; then its {@link Move}; then, once the successor has said that it holds it and the copy here is
 * closed, the successor. Whatever goes wrong before, it comes back.
 */
final class OutgoingMigration implements Mover, OutgoingLane.Owner {
    private static final int FLUSHED_MILLIS = 10;

    private final Packer packer;
    private final MovePolicy policy;
    private final Arrivals arrivals;
    private final List<OutgoingLane> lanes;
    private final Set<Waiting> busy = ConcurrentHashMap.newKeySet();
    private final AtomicInteger onTheWay = new AtomicInteger();
    private final Map<String, Integer> moved = new ConcurrentHashMap<>();
    private final AtomicInteger next = new AtomicInteger();
    private volatile Consumer<Channel> stays = connection -> {};
    private volatile Runnable changed = () -> {};
    private volatile String lastReason = "";

    /** @throws IOException if there are no sockets for the lanes */
    OutgoingMigration(NativeTransport transport, MovePolicy policy, Arrivals arrivals, Set<EventLoop> loops)
            throws IOException {
        this.packer = new Packer(transport);
        this.policy = policy;
        this.arrivals = arrivals;
        List<OutgoingLane> made = new ArrayList<>();
        try {
            for (EventLoop loop : loops) {
                made.add(new OutgoingLane(transport, loop, this));
            }
        } catch (Throwable t) {
            made.forEach(OutgoingLane::discard);
            throw t;
        }
        this.lanes = List.copyOf(made);
    }

    /** The successor's ends of all lanes. */
    List<DescriptorSender.Item> items(NativeTransport transport) throws IOException {
        List<DescriptorSender.Item> items = new ArrayList<>();
        for (int i = 0; i < lanes.size(); i++) {
            OutgoingLane lane = lanes.get(i);
            items.add(LaneEnd.of(transport, lane.bytesPair().far(), LaneName.bytes(i)));
            items.add(LaneEnd.of(transport, lane.descriptorPair().far(), LaneName.descriptors(i)));
        }
        return items;
    }

    /** There is no successor after all. */
    void discard() {
        lanes.forEach(OutgoingLane::discard);
    }

    @Override
    public void begin(Consumer<Channel> staying, Runnable onChange) {
        stays = staying;
        changed = onChange;
        lanes.forEach(OutgoingLane::begin);
    }

    @Override
    public boolean take(Channel connection) {
        Candidate candidate = Candidate.of(connection);
        OutgoingLane lane = candidate == null ? null : laneFor(connection.eventLoop());
        if (candidate == null || lane == null) {
            return false;
        }
        Waiting earlier = Waiting.of(connection);
        if (earlier != null) {
            earlier.stay(); // where an upgrade that failed had it
        }
        Waiting waits = new Waiting(connection, candidate, lane, busy);
        waits.attach();
        waits.ask();
        // The lane may have ended meanwhile: then this one is told to stay, or was told already.
        if (lane.isOver()) {
            stay(connection);
        }
        return true;
    }

    @Override
    public List<Channel> busy() {
        return busy.stream().map(Waiting::channel).toList();
    }

    @Override
    public boolean isBusy(Channel connection) {
        Candidate candidate = Candidate.of(connection);
        return candidate != null
                && waiting(connection) != null
                && !policy.isIdle(connection, connection.pipeline().toMap(), candidate);
    }

    @Override
    public void insist(Channel connection) {
        Waiting waits = waiting(connection);
        if (waits != null) {
            waits.insist();
        }
    }

    /** {@code null} unless it is this migration that takes it. */
    private @Nullable Waiting waiting(Channel connection) {
        Waiting waits = Waiting.of(connection);
        return waits != null && waits.isOf(busy) ? waits : null;
    }

    private @Nullable OutgoingLane laneFor(EventLoop loop) {
        for (OutgoingLane lane : lanes) {
            if (lane.loop() == loop && !lane.isOver()) {
                return lane;
            }
        }
        List<OutgoingLane> usable =
                lanes.stream().filter(lane -> !lane.isOver()).toList();
        return usable.isEmpty() ? null : usable.get(Math.floorMod(next.getAndIncrement(), usable.size()));
    }

    @Override
    public @Nullable Move pack(Channel connection, Duplicator duplicator) {
        Candidate candidate = Candidate.of(connection);
        Waiting waits = waiting(connection);
        if (candidate == null || waits == null || !connection.isActive()) {
            return null;
        }
        Map<String, ChannelHandler> handlers = connection.pipeline().toMap();
        if (!policy.isMovable(connection, handlers, candidate, this)) {
            stay(connection);
            return null;
        }
        if (!policy.isIdle(connection, handlers, candidate)) {
            askAgain(connection, waits);
            return null;
        }
        try {
            Move move = packer.pack(connection, handlers, candidate, duplicator);
            Waiting.detach(connection);
            return move;
        } catch (Throwable t) {
            doesNotMove(connection, Reasons.of(t));
            candidate.reject(this);
            stay(connection);
            return null;
        }
    }

    /** Where one finds no room, all others would say the same. */
    private void doesNotMove(Channel connection, String reason) {
        if (reason.equals(lastReason)) {
            LOGGER.debug("graceful-netty: {} does not move: {}", connection, reason);
        } else {
            lastReason = reason;
            LOGGER.warn("graceful-netty: {} does not move: {}", connection, reason);
        }
    }

    /** When something has happened on it. Who reads slowly says nothing when it has read: its answer leaves unseen. */
    private void askAgain(Channel connection, Waiting waits) {
        waits.answered();
        waits.watch();
        if (waits.lane().isOver()) {
            stay(connection); // whoever ended it may not have seen this one among the busy
            return;
        }
        var pending = connection.unsafe().outboundBuffer();
        if (pending != null && !pending.isEmpty()) {
            connection.eventLoop().schedule(waits::ask, FLUSHED_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** On its event loop: it is drained like any other. */
    private void stay(Channel connection) {
        Waiting waits = waiting(connection);
        if (waits != null) {
            Waiting.detach(connection);
            waits.stay();
            stays.accept(connection);
        }
    }

    @Override
    public void leaving() {
        onTheWay.incrementAndGet();
    }

    @Override
    public void arrived(Move move) {
        String protocol = move.luggage().protocol();
        moved.merge(protocol.equals(Luggage.OTHER) ? "other" : protocol, 1, Integer::sum);
        settled();
    }

    @Override
    public void settled() {
        if (onTheWay.decrementAndGet() == 0) {
            changed.run();
        }
    }

    @Override
    public void cameBack(Move move, String why) {
        LOGGER.debug("graceful-netty: {} stays here: {}", move.description(), why);
        arrivals.arrive(move.description(), move.owned(), move.luggage(), this, new ArrivalGate.Outcome() {
            @Override
            public void taken(ArrivalGate held) {
                held.start();
                settled();
            }

            @Override
            public void refused(String reason) {
                LOGGER.warn(
                        "graceful-netty: {} is lost: the successor does not have it ({}), and here {}",
                        move.description(),
                        why,
                        reason);
                settled();
            }
        });
    }

    @Override
    public void over(OutgoingLane lane, String why) {
        LOGGER.debug("graceful-netty: a lane is over: {}", why);
        for (Waiting one : busy) {
            if (one.lane() == lane) {
                stays(one.channel());
            }
        }
    }

    @Override
    public void stays(Channel connection) {
        try {
            connection.eventLoop().execute(() -> stay(connection));
        } catch (RejectedExecutionException e) {
            LOGGER.debug("graceful-netty: {} ends with its event loop", connection);
        }
    }

    @Override
    public int onTheWay() {
        return onTheWay.get();
    }

    @Override
    public boolean hasLeft(Channel connection) {
        Candidate candidate = Candidate.of(connection);
        return candidate != null && candidate.hasLeft();
    }

    @Override
    public Map<String, Integer> moved() {
        return Map.copyOf(moved);
    }

    @Override
    public void cancel() {
        stays = connection -> {};
        lanes.forEach(lane -> lane.cancel("the predecessor serves again"));
    }

    @Override
    public void end() {
        lanes.forEach(OutgoingLane::end);
    }

    /** One end of a lane as it is sent. It stays the lane's. */
    private record LaneEnd(Description description, FileDescriptor descriptor) implements DescriptorSender.Item {
        static LaneEnd of(NativeTransport transport, Socket end, String name) throws IOException {
            return new LaneEnd(Description.of(transport.inspect(end.intValue()), name), end);
        }

        @Override
        public Bytes metadata() {
            return Bytes.NONE;
        }
    }
}
