// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.connection.Migratable;
import io.github.gracefulnetty.internal.listener.ListenerChannel;
import io.github.gracefulnetty.internal.protocols.DrainGuard;
import io.github.gracefulnetty.internal.protocols.HttpExchanges;
import io.github.gracefulnetty.internal.protocols.LingeringClose;
import io.github.gracefulnetty.internal.protocols.OwnHandler;
import io.github.gracefulnetty.internal.protocols.WebSocketHandshake;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.PendingWriteQueue;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannelConfig;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The first handler of a connection that has moved here. When its pipeline is built, restores it; then lets nothing in or
 * out until the connection is this process's alone. A client that closes its side meanwhile makes the transport read
 * against our will: that is kept, and comes first.
 */
final class ArrivalGate extends ChannelDuplexHandler implements OwnHandler {
    /** What becomes of one connection. One of both, once, on any thread. */
    interface Outcome {
        /** Its pipeline is there and restored. It neither reads nor writes before {@link #start}. */
        void taken(ArrivalGate held);

        /** Nobody wants it; this process has closed its copy. */
        void refused(String reason);

        /** Nobody wants it, but what is spoken on it allows for an end that its client understands: it has got that. */
        default void ended(String reason) {
            refused(reason);
        }
    }

    private final Channel connection;
    private final ListenerChannel listener;
    private final MovePolicy policy;
    private final Luggage luggage;
    private final @Nullable Object from;
    private final Outcome outcome;

    /** What came in against our will: messages, and the events that say how it ended. */
    private final List<Object> read = new ArrayList<>();

    private final AtomicBoolean settled = new AtomicBoolean();

    private @Nullable ChannelHandlerContext context;
    private @Nullable PendingWriteQueue written;
    private boolean started;
    private boolean repeating;
    private boolean ending;
    private boolean readRequested;
    private boolean halfClosure;

    ArrivalGate(
            Channel connection,
            ListenerChannel listener,
            MovePolicy policy,
            Luggage luggage,
            @Nullable Object from,
            Outcome outcome) {
        this.connection = connection;
        this.listener = listener;
        this.policy = policy;
        this.luggage = luggage;
        this.from = from;
        this.outcome = outcome;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = added;
    }

    /** The pipeline is there: its initialisers have run before anything else. */
    @Override
    public void channelRegistered(ChannelHandlerContext context) {
        context.fireChannelRegistered();
        if (settled.get()) {
            return;
        }
        try {
            restore(context);
        } catch (Throwable t) {
            refuse(Reasons.of(t));
            return;
        }
        if (connection.config() instanceof DuplexChannelConfig config) {
            halfClosure = config.isAllowHalfClosure();
            config.setAllowHalfClosure(true);
        }
        if (settled.compareAndSet(false, true)) {
            outcome.taken(this);
        }
    }

    private void restore(ChannelHandlerContext context) throws Exception {
        MovePolicy.Admission admission = policy.admit(connection, listener);
        Candidate candidate = admission.candidate();
        Map<String, byte[]> states = luggage.states();
        byte[] handshake = states.get(Luggage.HANDSHAKE);
        if (handshake != null) {
            repeat(context, handshake);
        }
        if (candidate == null || !candidate.protocol().equals(luggage.protocol())) {
            throw new IllegalStateException(
                    "a connection with such a pipeline does not move here: " + admission.whyNot());
        }
        Connection tracked = Connection.of(connection);
        if (tracked != null) {
            tracked.admit(admission);
            if (from != null) {
                tracked.reject(from);
            }
        }
        if (states.isEmpty()) {
            return;
        }
        Map<String, Migratable> handlers = new HashMap<>();
        for (Map.Entry<String, ChannelHandler> entry : context.pipeline()) {
            if (entry.getValue() instanceof Migratable migratable) {
                handlers.put(migratable.stateName(), migratable);
            }
        }
        for (Map.Entry<String, byte[]> state : states.entrySet()) {
            if (state.getKey().equals(Luggage.HANDSHAKE)) {
                continue; // repeated above
            }
            Migratable handler = handlers.get(state.getKey());
            ChannelHandlerContext itsContext =
                    handler == null ? null : context.pipeline().context(handler);
            if (handler == null || itsContext == null) {
                throw new IllegalStateException("no handler has the state '" + state.getKey() + "'");
            }
            handler.restore(itsContext, state.getValue());
        }
    }

    /** The handlers open the WebSocket once more; what they write has been written where it was opened. */
    private void repeat(ChannelHandlerContext context, byte[] handshake) {
        repeating = true;
        context.fireChannelRead(Unpooled.wrappedBuffer(handshake));
        context.fireChannelReadComplete();
        repeating = false;
    }

    /** Closes this process's copy, unless the connection was taken. */
    void refuse(String reason) {
        if (!settled.compareAndSet(false, true)) {
            return;
        }
        Connection tracked = Connection.of(connection);
        if (tracked != null) {
            tracked.countedElsewhere();
        }
        ChannelHandlerContext here = context;
        if (here != null && isToldWhy()) {
            ending = true;
            LingeringClose.install(connection, all -> true);
            here.write(WebSocketHandshake.serviceRestart());
            here.close();
            outcome.ended(reason);
        } else {
            closeCopy();
            outcome.refused(reason);
        }
    }

    /** It is nobody's any more: the successor has refused it before. */
    private boolean isToldWhy() {
        return from != null
                && luggage.protocol().equals(HttpExchanges.WEB_SOCKET)
                && connection.isActive()
                && connection.isRegistered()
                && connection.eventLoop().inEventLoop();
    }

    private void closeCopy() {
        if (connection.isRegistered()) {
            connection.unsafe().close(connection.newPromise());
        } else {
            connection.unsafe().closeForcibly();
        }
    }

    /** The connection is this process's alone: goes on as if nothing had happened. On any thread. */
    void start() {
        onLoop(this::startOrClose);
    }

    /** The same for several, with one task for each event loop. On any thread. */
    static void start(Collection<ArrivalGate> gates) {
        Map<EventLoop, List<ArrivalGate>> byLoop = new HashMap<>();
        for (ArrivalGate gate : gates) {
            byLoop.computeIfAbsent(gate.connection.eventLoop(), loop -> new ArrayList<>())
                    .add(gate);
        }
        byLoop.forEach((loop, its) -> {
            try {
                loop.execute(() -> its.forEach(ArrivalGate::startOrClose));
            } catch (RejectedExecutionException e) {
                its.forEach(gate -> gate.connection.unsafe().closeForcibly()); // as its loop does with all others
            }
        });
    }

    /** The connection is somebody else's: closes this process's copy, and tells nobody. On any thread. */
    void abandon() {
        Connection tracked = Connection.of(connection);
        if (tracked != null) {
            tracked.countedElsewhere();
        }
        onLoop(() -> connection.unsafe().close(connection.newPromise()));
    }

    private void onLoop(Runnable action) {
        try {
            connection.eventLoop().execute(action);
        } catch (RejectedExecutionException e) {
            connection.unsafe().closeForcibly(); // as its loop does with all others
        }
    }

    /** Others start in the same task. */
    private void startOrClose() {
        try {
            startNow();
        } catch (Throwable t) {
            DrainGuard.warn(connection, "has moved here and cannot start", t);
            connection.unsafe().close(connection.newPromise());
        }
    }

    private void startNow() {
        ChannelHandlerContext here = context;
        if (here == null || here.isRemoved()) {
            return; // closed meanwhile
        }
        started = true;
        if (connection.config() instanceof DuplexChannelConfig config) {
            config.setAllowHalfClosure(halfClosure);
        }
        here.fireChannelActive();
        boolean ended = false;
        for (Object one : read) {
            if (one instanceof Event event) {
                ended |= event.what() instanceof ChannelInputShutdownEvent;
                here.fireUserEventTriggered(event.what());
            } else {
                here.fireChannelRead(one);
            }
        }
        if (!read.isEmpty()) {
            read.clear();
            here.fireChannelReadComplete();
        }
        PendingWriteQueue queue = written;
        if (queue != null) {
            queue.removeAndWriteAll();
            here.flush();
        }
        // At the end there is nothing to read. Netty 4.2.18 has taken such a socket out of epoll, and would fail and
        // close it.
        if (!ended
                && connection.isOpen()
                && (readRequested || connection.config().isAutoRead())) {
            here.read();
        }
        here.pipeline().remove(this);
        Connection tracked = Connection.of(connection);
        if (tracked != null) {
            tracked.ask(); // a successor of this process may wait for it
        }
        if (ended && !halfClosure) {
            connection.close();
        }
    }

    /** An event among what was read. */
    private record Event(Object what) {}

    @Override
    public void channelActive(ChannelHandlerContext context) {
        // Fired at the start.
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (started) {
            context.fireChannelRead(message);
        } else {
            read.add(message);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (started) {
            context.fireChannelReadComplete();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (started) {
            context.fireUserEventTriggered(event);
        } else {
            read.add(new Event(event));
        }
    }

    /** Who has not seen it become active need not see its end. */
    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (started) {
            context.fireChannelInactive();
        } else {
            refuse("it was closed");
        }
    }

    @Override
    public void read(ChannelHandlerContext context) {
        if (started || ending) {
            context.read();
        } else {
            readRequested = true;
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (started) {
            context.write(message, promise);
            return;
        }
        if (repeating) {
            ReferenceCountUtil.release(message);
            promise.trySuccess();
            return;
        }
        PendingWriteQueue queue = written;
        if (queue == null) {
            queue = new PendingWriteQueue(context);
            written = queue;
        }
        queue.add(message, promise);
    }

    @Override
    public void flush(ChannelHandlerContext context) {
        if (started) {
            context.flush();
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        read.forEach(ReferenceCountUtil::release);
        read.clear();
        PendingWriteQueue queue = written;
        if (queue != null) {
            queue.removeAndFailAll(new ClosedChannelException());
        }
    }
}
