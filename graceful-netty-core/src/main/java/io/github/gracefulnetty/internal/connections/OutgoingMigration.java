// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.process.SocketPair;
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

    /** How many are told. */
    private static final int MOST_REASONS = 16;

    private final ConnectionTracker connections;
    private final Packer packer;
    private final MovePolicy policy;
    private final Arrivals arrivals;
    private final List<OutgoingLane> lanes;
    private final AtomicInteger onTheWay = new AtomicInteger();
    private final AtomicInteger next = new AtomicInteger();
    private volatile Consumer<Channel> stays = connection -> {};
    private volatile Runnable changed = () -> {};
    private final Set<String> reasons = ConcurrentHashMap.newKeySet();

    /** @throws IOException if there are no sockets for the lanes */
    OutgoingMigration(
            NativeTransport transport,
            ConnectionTracker connections,
            MovePolicy policy,
            Arrivals arrivals,
            Set<EventLoop> loops)
            throws IOException {
        this.connections = connections;
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
    public boolean take(Channel channel) {
        Connection connection = Connection.of(channel);
        if (connection == null) {
            return false;
        }
        if (!connection.isMovable()) {
            doesNotMove(channel, connection.whyNotMovable());
            return false;
        }
        OutgoingLane lane = laneFor(channel.eventLoop());
        if (lane == null) {
            return false;
        }
        connection.moveOn(lane);
        // The lane may have ended meanwhile: then this one is told to stay, or was told already.
        if (lane.isOver()) {
            stay(connection);
        }
        return true;
    }

    @Override
    public boolean isBusy(Channel channel) {
        Connection connection = Connection.of(channel);
        Candidate candidate = connection == null ? null : connection.candidate();
        if (connection == null || candidate == null || !isMine(connection)) {
            return false;
        }
        try {
            return !policy.isIdle(channel, channel.pipeline().toMap(), candidate);
        } catch (Throwable t) {
            failed(connection, t);
            return false;
        }
    }

    /** What the application's handlers have thrown keeps this one here, and no other. */
    private void failed(Connection connection, Throwable failure) {
        cannotMove(connection.channel(), Reasons.of(failure));
        connection.reject(this);
        stay(connection);
    }

    /** A migration that has ended may not know it yet. */
    private boolean isMine(Connection connection) {
        Connection.Way lane = connection.lane();
        return lane instanceof OutgoingLane one && lanes.contains(one);
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

    /** The barrier around all that is asked of the application's handlers. */
    @Override
    public @Nullable Move pack(Connection connection, SocketPair copier) {
        try {
            return packNow(connection, copier);
        } catch (Throwable t) {
            failed(connection, t);
            return null;
        }
    }

    private @Nullable Move packNow(Connection connection, SocketPair copier) throws Exception {
        Channel channel = connection.channel();
        Candidate candidate = connection.candidate();
        if (candidate == null || !isMine(connection) || !channel.isActive()) {
            return null;
        }
        if (channel.pipeline().get(ArrivalGate.class) != null || MovePolicy.isInTheMiddle(channel, candidate)) {
            askAgain(connection); // it is not this process's alone yet, or its handlers may be others afterwards
            return null;
        }
        Map<String, ChannelHandler> handlers = channel.pipeline().toMap();
        String whyNot = policy.whyNotMovable(channel, candidate, handlers);
        if (!whyNot.isEmpty() || connection.isRejectedBy(this)) {
            doesNotMove(channel, whyNot);
            stay(connection);
            return null;
        }
        if (!policy.isIdle(channel, handlers, candidate)) {
            askAgain(connection);
            return null;
        }
        return packer.pack(connection, candidate, handlers, copier);
    }

    /** Once for each reason: thousands may have the same. */
    private void doesNotMove(Channel connection, String reason) {
        if (!reason.isEmpty() && policy.wantsAll() && reasons.size() < MOST_REASONS && reasons.add(reason)) {
            LOGGER.info(
                    "graceful-netty: {} does not move, it is drained, and so are others of which this is true: {}",
                    connection,
                    reason);
        } else {
            LOGGER.debug("graceful-netty: {} does not move: {}", connection, reason);
        }
    }

    /** It could have moved, and something has gone wrong: where one finds no room, all others would say the same. */
    private void cannotMove(Channel connection, String reason) {
        if (reasons.size() < MOST_REASONS && reasons.add(reason)) {
            LOGGER.warn("graceful-netty: {} does not move: {}", connection, reason);
        } else {
            LOGGER.debug("graceful-netty: {} does not move: {}", connection, reason);
        }
    }

    /** When something has happened on it. Who reads slowly says nothing when it has read: its answer leaves unseen. */
    private void askAgain(Connection connection) {
        connection.isBusyNow();
        Connection.Way lane = connection.lane();
        if (lane == null || lane.isOver()) {
            stay(connection); // whoever ended it may not have seen this one among the busy
            return;
        }
        var pending = connection.channel().unsafe().outboundBuffer();
        if (pending != null && !pending.isEmpty()) {
            connection.channel().eventLoop().schedule(connection::ask, FLUSHED_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** On its event loop: it is drained like any other. */
    private void stay(Connection connection) {
        if (isMine(connection)) {
            connection.stay();
            stays.accept(connection.channel());
        }
    }

    @Override
    public void leaving() {
        onTheWay.incrementAndGet();
    }

    @Override
    public void arrived(Move move) {
        move.settle(Ledger.Column.MOVED);
        settled();
    }

    @Override
    public void cut(Move move) {
        move.settle(Ledger.Column.FORCED);
        move.owned().close();
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
        arrivals.arrive(move.description(), move.owned(), Luggage.of(move.metadata()), this, new ArrivalGate.Outcome() {
            @Override
            public void taken(ArrivalGate held) {
                move.connection().countedElsewhere();
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
                move.settle(Ledger.Column.LOST);
                settled();
            }

            @Override
            public void ended(String reason) {
                LOGGER.warn(
                        "graceful-netty: {} is told to come again: the successor does not have it ({}), and here {}",
                        move.description(),
                        why,
                        reason);
                move.settle(Ledger.Column.DRAINED);
                settled();
            }
        });
    }

    @Override
    public void over(OutgoingLane lane, String why) {
        LOGGER.debug("graceful-netty: a lane is over: {}", why);
        for (Connection one : connections.busyOn(lane)) {
            stays(one);
        }
    }

    @Override
    public void stays(Connection connection) {
        try {
            connection.channel().eventLoop().execute(() -> stay(connection));
        } catch (RejectedExecutionException e) {
            LOGGER.debug("graceful-netty: {} ends with its event loop", connection.channel());
        }
    }

    @Override
    public int onTheWay() {
        return onTheWay.get();
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
