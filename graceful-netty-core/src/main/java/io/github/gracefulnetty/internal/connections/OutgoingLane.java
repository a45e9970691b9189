// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.process.SocketPair;
import io.github.gracefulnetty.internal.protocols.DrainGuard;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.OutgoingTransfer;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.wire.ControlHandler;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The predecessor's end of one lane: sends the idle connections of one event loop, and owns the copies of those that are
 * on their way. On that event loop.
 */
final class OutgoingLane implements Connection.Way {
    /** What the lane asks of the whole migration. */
    interface Owner {
        /** On the connection's event loop: packs it if it is idle, else {@code null}. Throws nothing. */
        @Nullable
        Move pack(Connection connection, SocketPair copier);

        /** One connection is about to be packed. */
        void leaving();

        /** The outcome of one that was about to be packed: it is the successor's. */
        void arrived(Move move);

        /** Or it is nobody's: its copy here is to be closed. */
        void cut(Move move);

        /** Or it stayed, or is back here. */
        void settled();

        /** The successor did not want it, or is gone: it has to be served here again, and {@link #settled} afterwards. */
        void cameBack(Move move, String why);

        /** This one asked too late: the lane is over. On any thread. */
        void stays(Connection connection);

        /** No connection can move on this lane any more; its {@link #stays} for those that have asked was called. */
        void over(OutgoingLane lane, String why);
    }

    /** How many leave in one task: others want to be served between. */
    private static final int MOST_PER_TASK = 16;

    private static final long PATIENCE_SECONDS = 10;

    /** How long the successor may take, when all has to end, to say what has become of those on their way. */
    private static final long LAST_ANSWERS_MILLIS = 1_000;

    private final NativeTransport transport;
    private final EventLoop loop;
    private final ControlLoop control;
    private final SocketPair bytesPair;
    private final SocketPair descriptorPair;
    private final Owner owner;
    private final Deque<Connection> waiting = new ArrayDeque<>();
    private final Map<Integer, Move> onTheWay = new HashMap<>();
    private final Pace pace = new Pace(MessageCodec.WINDOW);

    private @Nullable SocketPair copier;
    private @Nullable OutgoingTransfer transfer;
    private @Nullable Channel bytes;
    private @Nullable Channel descriptors;
    private @Nullable ScheduledFuture<?> watch;
    private int packing;
    private int sent;
    private long heardNanos = System.nanoTime();
    private boolean pumping;
    private boolean ending;
    private boolean begun; // the pairs' ends are not the pairs' any more
    private volatile boolean over;

    /** Makes the sockets; {@link #begin} or {@link #discard} has to follow. On any thread. */
    OutgoingLane(NativeTransport transport, EventLoop loop, Owner owner) throws IOException {
        this.transport = transport;
        this.loop = loop;
        this.control = ControlLoop.on(loop);
        this.owner = owner;
        this.bytesPair = SocketPair.open();
        try {
            this.descriptorPair = SocketPair.open();
        } catch (Throwable t) {
            bytesPair.closeBecause(t);
            throw t;
        }
    }

    SocketPair bytesPair() {
        return bytesPair;
    }

    SocketPair descriptorPair() {
        return descriptorPair;
    }

    EventLoop loop() {
        return loop;
    }

    @Override
    public boolean isOver() {
        return over;
    }

    /** The successor never got its ends. On any thread. */
    void discard() {
        over = true;
        try {
            bytesPair.close();
            descriptorPair.close();
        } catch (IOException e) {
            LOGGER.warn("graceful-netty: cannot close a socket: {}", e.toString());
        }
    }

    /** The successor has its ends, and serves: goes on when it says hello. On any thread. */
    void begin() {
        execute(this::beginNow);
    }

    private void beginNow() {
        if (over) {
            return;
        }
        begun = true;
        Channel byteConnection = null;
        Channel descriptorConnection;
        try {
            bytesPair.far().close();
            descriptorPair.far().close();
            copier = SocketPair.open();
            byteConnection = transport.adopt(
                    DescriptorKind.UNIX_CONNECTION, bytesPair.near().intValue());
            descriptorConnection = transport.adopt(
                    DescriptorKind.UNIX_CONNECTION, descriptorPair.near().intValue());
        } catch (Throwable t) {
            cannotBegin(t, byteConnection);
            return;
        }
        bytes = byteConnection;
        descriptors = descriptorConnection;
        byteConnection.pipeline().addLast(new MessageHandler(), new Hello(descriptorConnection));
        control.register(descriptorConnection);
        control.register(byteConnection);
        watch = loop.scheduleWithFixedDelay(this::look, PATIENCE_SECONDS, PATIENCE_SECONDS / 2, TimeUnit.SECONDS);
    }

    /** @param adopted the byte connection, if it was there already: then it is the one that closes its descriptor */
    private void cannotBegin(Throwable why, @Nullable Channel adopted) {
        if (adopted == null) {
            bytesPair.closeBecause(why);
        } else {
            adopted.unsafe().closeForcibly();
        }
        descriptorPair.closeBecause(why);
        LOGGER.warn("graceful-netty: no connection moves on one lane: {}", Reasons.of(why));
        close(Reasons.of(why));
    }

    private void look() {
        long limit = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        boolean due = transfer == null || !onTheWay.isEmpty();
        if (due && System.nanoTime() - heardNanos > limit) {
            fail("the successor was silent for " + PATIENCE_SECONDS + " s");
        } else if (onTheWay.keySet().stream().anyMatch(number -> pace.sinceSent(number) > limit)) {
            fail("the successor did not say for " + PATIENCE_SECONDS + " s what has become of a connection");
        }
    }

    /** It is looked at in a task of its own. */
    @Override
    public void ask(Connection connection) {
        if (loop.inEventLoop()) {
            asked(connection);
        } else {
            execute(() -> asked(connection));
            if (over) {
                owner.stays(connection); // it may never get there
            }
        }
    }

    private void asked(Connection connection) {
        if (over || ending) {
            owner.stays(connection);
        } else {
            waiting.add(connection);
            pumpLater();
        }
    }

    private void pumpLater() {
        if (!pumping) {
            pumping = true;
            execute(() -> {
                pumping = false;
                pump();
            });
        }
    }

    private void pump() {
        if (transfer == null) {
            return;
        }
        List<Move> packed = new ArrayList<>();
        int left = MOST_PER_TASK;
        while (!over && left > 0 && pace.allows(packing + packed.size() + onTheWay.size())) {
            Connection connection = waiting.poll();
            if (connection == null) {
                break;
            }
            left--;
            owner.leaving();
            Move move = pack(connection);
            if (move != null) {
                packed.add(move);
            }
        }
        send(packed);
        if (left == 0) {
            pumpLater();
        }
    }

    /** {@code null} if it stays, or another event loop packs it. */
    private @Nullable Move pack(Connection connection) {
        SocketPair copies = copier;
        EventLoop its = connection.channel().eventLoop();
        if (copies != null && its == loop) {
            Move move = owner.pack(connection, copies);
            if (move == null) {
                owner.settled();
            }
            return move;
        }
        // A loop that has no lane of its own.
        packing++;
        try {
            its.execute(() -> {
                Move move = packWithOwnCopies(connection);
                try {
                    loop.execute(() -> packed(move));
                } catch (RejectedExecutionException e) {
                    if (move != null) {
                        owner.cut(move); // the application has shut the lane's loop down
                    }
                }
            });
        } catch (RejectedExecutionException e) {
            packed(null);
        }
        return null;
    }

    private @Nullable Move packWithOwnCopies(Connection connection) {
        SocketPair copies;
        try {
            copies = SocketPair.open();
        } catch (Throwable t) { // the lane waits for an answer
            LOGGER.debug("graceful-netty: a connection does not move now", t);
            owner.stays(connection);
            return null;
        }
        try {
            return owner.pack(connection, copies);
        } finally {
            closeQuietly(copies);
        }
    }

    private static void closeQuietly(SocketPair copies) {
        try {
            copies.close();
        } catch (Throwable t) {
            LOGGER.warn("graceful-netty: cannot close a socket: {}", Reasons.of(t));
        }
    }

    private void packed(@Nullable Move move) {
        packing--;
        if (move == null) {
            owner.settled();
            goOn();
        } else {
            send(List.of(move));
        }
    }

    private void send(List<Move> moves) {
        OutgoingTransfer running = transfer;
        if (over || running == null) {
            moves.forEach(move -> back(move, "the lane is gone"));
            return;
        }
        if (onTheWay.isEmpty()) {
            heardNanos = System.nanoTime();
        }
        for (Move move : moves) {
            pace.sent(sent);
            onTheWay.put(sent++, move);
        }
        if (!moves.isEmpty()) {
            running.add(moves);
        }
    }

    private void taken(OutgoingTransfer running, List<Integer> numbers) {
        for (int number : numbers) {
            if (!onTheWay.containsKey(number)) {
                fail("the successor took connection " + number + ", which was not on its way");
                return;
            }
        }
        List<Move> arrived = new ArrayList<>(numbers.size());
        for (int number : numbers) {
            Move move = onTheWay.remove(number);
            if (move != null) {
                pace.answered(number);
                DrainGuard.quietly(
                        "a connection that has moved",
                        "was not closed here",
                        () -> move.owned().close());
                arrived.add(move);
            }
        }
        // Now: once all have arrived, the drain is over, and the loop may end before its next task.
        running.send(new Message.Released(numbers));
        arrived.forEach(owner::arrived);
        goOn();
    }

    /** It is not the successor's. */
    private void back(Move move, String why) {
        if (ending) {
            owner.cut(move);
        } else {
            owner.cameBack(move, why);
        }
    }

    private void goOn() {
        if (!ending) {
            pumpLater();
        } else if (onTheWay.isEmpty() && packing == 0) {
            endNow();
        }
    }

    private boolean refused(Message.Refused refused) {
        Move move = onTheWay.remove(refused.connection());
        if (move == null) {
            return false;
        }
        pace.answered(refused.connection());
        back(move, refused.reason());
        goOn();
        return true;
    }

    private void fail(String reason) {
        if (!over) {
            OutgoingTransfer running = transfer;
            if (running != null) {
                running.abort(reason);
            }
            close(reason);
        }
    }

    /** What was not released is served here again. */
    private void close(String why) {
        if (over) {
            return;
        }
        over = true;
        ScheduledFuture<?> timer = watch;
        if (timer != null) {
            timer.cancel(false);
        }
        closeConnections();
        waiting.forEach(owner::stays);
        waiting.clear();
        List<Move> back = List.copyOf(onTheWay.values());
        onTheWay.clear();
        back.forEach(move -> back(move, why));
        owner.over(this, why);
    }

    private void closeConnections() {
        OutgoingTransfer running = transfer;
        Channel byteConnection = bytes;
        if (!begun) {
            discard();
        } else if (running != null) {
            running.close();
        } else if (byteConnection != null) {
            byteConnection.close();
        }
        Channel lane = descriptors;
        if (lane != null) {
            lane.close();
        }
        SocketPair copies = copier;
        if (copies != null) {
            closeQuietly(copies);
        }
    }

    /**
     * Nothing moves any more. What is on its way becomes what the successor says of it; what it does not say soon is closed on
     * both sides. On any thread.
     */
    void end() {
        execute(() -> {
            if (over || ending) {
                return;
            }
            ending = true;
            waiting.forEach(owner::stays);
            waiting.clear();
            goOn();
            if (!over) {
                loop.schedule(() -> fail("time is over"), LAST_ANSWERS_MILLIS, TimeUnit.MILLISECONDS);
            }
        });
    }

    private void endNow() {
        OutgoingTransfer running = transfer;
        if (running != null) {
            running.connection().writeAndFlush(new Message.End()).addListener(ChannelFutureListener.CLOSE);
        }
        close("the drain is over");
    }

    /** Nothing moves any more, what is on its way comes back. On any thread. */
    void cancel(String reason) {
        execute(() -> fail(reason));
    }

    private void execute(Runnable action) {
        try {
            loop.execute(action);
        } catch (RejectedExecutionException e) {
            over = true; // the application has shut its loops down, and with them all connections
        }
    }

    /** The successor's first word. */
    private final class Hello extends ControlHandler {
        private final Channel lane;

        Hello(Channel lane) {
            this.lane = lane;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (!(message instanceof Message.Hello hello) || hello.purpose() != Message.Purpose.MIGRATE) {
                fail("the successor does not begin a lane with Hello");
                return;
            }
            OutgoingTransfer begun = new OutgoingTransfer(
                    control, context.channel(), "successor pid " + hello.pid(), null, new Conversation());
            begun.welcome(0, 0);
            begun.attached(lane, new OutgoingTransfer.Contents(Map.of(), List.of()));
            transfer = begun;
            heardNanos = System.nanoTime();
            context.pipeline().remove(this);
            pump();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            close("the successor takes no connections");
        }

        @Override
        protected void caught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }

    private final class Conversation implements OutgoingTransfer.Events {
        @Override
        public void sent() {}

        @Override
        public boolean said(Message message) {
            OutgoingTransfer running = transfer;
            heardNanos = System.nanoTime();
            if (over || running == null) {
                return true;
            }
            if (message instanceof Message.Taken taken) {
                taken(running, taken.connections());
                return true;
            }
            return message instanceof Message.Refused refused && refused(refused);
        }

        @Override
        public void failed(String reason) {
            fail(reason);
        }

        @Override
        public void hungUp() {
            close("the successor is gone");
        }
    }
}
