// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.drain;

import io.github.gracefulnetty.connection.ServerDrain;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One drain: tells every connection, waits until all are closed, and closes the rest at the deadline. Accepting must
 * have been paused before. Everything but the connections' own work runs on one control loop.
 */
public final class Drain {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(Drain.class);

    /** How often connections are looked for that could not be told yet, or that closed without saying so. */
    private static final long SWEEP_MILLIS = 50;

    /** How often, and how long, the barrier looks for connections that no loop has registered yet. */
    private static final long REGISTER_MILLIS = 2;

    private static final int MOST_LOOKS = 500;

    /** How many are told in one task: others want to be served between. */
    private static final int MOST_PER_TASK = 16;

    /** How long the end of a successor on probation may be known to its lanes only. */
    private static final long RESUME_MILLIS = 1_000;

    /** How long the barrier may take, at least: a loop that is blocked never comes to it. */
    private static final long LEAST_BARRIER_MILLIS = 1_000;

    /** How long a forced close may take before the drain is over all the same. */
    private static final long FORCED_CLOSE_MILLIS = 2_000;

    private final ConnectionTracker connections;
    private final ScheduledExecutorService control;
    private final CompletableFuture<DrainResult> result = new CompletableFuture<>();
    private final long startedNanos = System.nanoTime();
    private final Tally tally;
    private final Set<ServerDrain> running = new HashSet<>();
    private final @Nullable Mover mover;
    private final Predicate<Channel> delivered;
    private final @Nullable Lasting lasting;

    private boolean held;
    private boolean cancelled;
    private boolean endingServers;
    private boolean begun;
    private boolean hurry;
    private int connectionsAtStart;
    private long endedNanos;
    private int forced;
    private boolean isForced;
    private boolean unregistered;
    private CompletableFuture<Void> barrier = new CompletableFuture<>();
    private @Nullable ScheduledFuture<?> sweep;
    private @Nullable ScheduledFuture<?> looks;
    private @Nullable ScheduledFuture<?> deadline;

    public Drain(ConnectionTracker connections, ScheduledExecutorService control) {
        this(connections, control, null, connection -> true);
    }

    /**
     * @param mover takes connections away, so that they need not end; {@code null} if all have to
     * @param delivered whether the client's side has received all that was sent over a connection
     */
    public Drain(
            ConnectionTracker connections,
            ScheduledExecutorService control,
            @Nullable Mover mover,
            Predicate<Channel> delivered) {
        this.delivered = delivered;
        this.connections = connections;
        this.control = control;
        this.mover = mover;
        this.lasting = mover == null ? null : new Lasting(mover);
        this.tally = new Tally(connections, mover);
    }

    /**
     * Starts, on the control loop.
     *
     * @param timeout after which the rest is closed, from when this drain was made; what a blocked loop holds is given up soon
     *     after that
     * @return completes on the control loop when no connection is left
     */
    public CompletableFuture<DrainResult> start(Duration timeout) {
        beginWhenRegistered(MOST_LOOKS, timeout);
        return result;
    }

    /** One that was accepted last may still wait in the queue of a loop that has no other. */
    private void beginWhenRegistered(int looks, Duration timeout) {
        unregistered = false;
        Set<EventLoop> loops = new HashSet<>();
        connections.forEachOpen(one -> {
            if (one.channel().isRegistered()) {
                loops.add(one.channel().eventLoop());
            } else {
                unregistered = true;
            }
        });
        if (unregistered && looks > 0) {
            control.schedule(() -> beginWhenRegistered(looks - 1, timeout), REGISTER_MILLIS, TimeUnit.MILLISECONDS);
        } else {
            barrier = barrier(loops);
            if (hurry) {
                barrier.complete(null);
            }
            long limit = Math.max(remainingNanos(timeout), TimeUnit.MILLISECONDS.toNanos(LEAST_BARRIER_MILLIS));
            ScheduledFuture<?> patience = control.schedule(() -> barrier.complete(null), limit, TimeUnit.NANOSECONDS);
            barrier.whenComplete((nothing, failure) -> {
                patience.cancel(false);
                onControl(() -> begin(timeout));
            });
        }
    }

    private long remainingNanos(Duration timeout) {
        return Math.max(0, timeout.toNanos() - (System.nanoTime() - startedNanos));
    }

    /**
     * Waits until {@link #release}, even if no connection is left. Until then sockets that are shared, as those of UDP, stay
     * open. To be called before {@link #start}.
     */
    public Drain hold() {
        held = true;
        return this;
    }

    /** Ends as soon as no connection is left, and at the latest at the deadline. On the control loop. */
    public void release() {
        held = false;
        if (begun && !cancelled) {
            if (isForced) {
                isForced = false;
                force();
            } else {
                sweepAll();
            }
        }
    }

    /** Ends without a result: what was told to end goes on to do so, nothing else does. On the control loop. */
    public void cancel() {
        cancelled = true;
        cancel(sweep);
        cancel(looks);
        cancel(deadline);
        running.clear();
        connections.whenEmpty(() -> {});
        if (mover != null) {
            mover.cancel();
        }
        if (begun) {
            connections.servers().forEach(Drain::resume);
        }
    }

    private static void resume(ServerDrain server) {
        try {
            server.resume();
        } catch (RuntimeException e) {
            LOGGER.warn("graceful-netty: {} could not be resumed", server, e);
        }
    }

    /** Closes what is left now instead of at the deadline. May be called from any thread. */
    public void finishNow() {
        onControl(() -> {
            hurry = true;
            barrier.complete(null);
            if (begun) {
                force();
            }
        });
    }

    /**
     * Passes once through every loop that has connections: what was accepted before the pause and waits in some loop's
     * queue is registered, its pipeline built, when this completes.
     */
    private static CompletableFuture<Void> barrier(Set<EventLoop> loops) {
        return CompletableFuture.allOf(loops.stream()
                .map(loop -> {
                    CompletableFuture<Void> passed = new CompletableFuture<>();
                    execute(loop, () -> passed.complete(null), () -> passed.complete(null));
                    return passed;
                })
                .toArray(CompletableFuture<?>[]::new));
    }

    private void begin(Duration timeout) {
        if (cancelled) {
            return;
        }
        begun = true;
        deadline = control.schedule(this::force, remainingNanos(timeout), TimeUnit.NANOSECONDS);
        sweep = control.scheduleWithFixedDelay(this::sweep, SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
        if (mover != null) {
            mover.begin(this::stays, () -> onControl(this::finishIfEmpty));
            looks = control.scheduleWithFixedDelay(
                    this::look, Lasting.LOOK_MILLIS, Lasting.LOOK_MILLIS, TimeUnit.MILLISECONDS);
        }
        connectionsAtStart = tellAll();
        for (ServerDrain server : connections.servers()) {
            begin(server);
        }
        finishIfEmpty();
        connections.whenEmpty(() -> onControl(this::finishIfEmpty));
        if (hurry) {
            force();
        }
    }

    private void begin(ServerDrain server) {
        running.add(server);
        CompletionStage<?> ended;
        try {
            ended = server.drain(connections.openOf(server));
        } catch (RuntimeException e) {
            ended = CompletableFuture.failedFuture(e);
        }
        ended.whenComplete((nothing, failure) -> onControl(() -> {
            if (failure != null) {
                LOGGER.warn("graceful-netty: the drain of {} failed", server, failure);
            }
            running.remove(server);
            finishIfEmpty();
        }));
    }

    /** Tells those that have come since the last time, and those that no loop had registered then. */
    private void sweep() {
        if (unregistered || connections.hasGrown()) {
            sweepAll();
        } else {
            finishIfEmpty();
        }
    }

    private void sweepAll() {
        tellAll();
        finishIfEmpty();
    }

    /** Says how many are open. */
    private int tellAll() {
        connections.hasGrown(); // those that have come so far are seen now
        unregistered = false;
        Map<EventLoop, List<Channel>> told = new HashMap<>();
        int open = connections.forEachOpen(one -> tell(one, told));
        told.forEach(this::begin);
        return open;
    }

    /** @param told those that their loop will tell */
    private void tell(ConnectionTracker.Tracked one, Map<EventLoop, List<Channel>> told) {
        Channel connection = one.channel();
        if (!hasToEnd(connection)) {
            return;
        }
        if (!connection.isRegistered()) {
            unregistered = true;
        } else if (tally.watch(one) && ConnectionTracker.isToldByItself(one)) {
            EventLoop loop = connection.eventLoop();
            List<Channel> those = told.computeIfAbsent(loop, key -> new ArrayList<>());
            those.add(connection);
            if (those.size() == MOST_PER_TASK) {
                begin(loop, those);
                told.remove(loop);
            }
        }
    }

    private void begin(EventLoop loop, List<Channel> those) {
        execute(loop, () -> those.forEach(this::beginAlone), () -> {});
    }

    /** Others are told in the same task. */
    private void beginAlone(Channel connection) {
        try {
            begin(connection);
        } catch (RuntimeException e) {
            LOGGER.warn("graceful-netty: {} could not be told to end", connection, e);
        }
    }

    private void begin(Channel connection) {
        if (mover == null || !connection.isOpen() || !mover.take(connection)) {
            ConnectionDrain.begin(connection, delivered);
        }
    }

    private void look() {
        Lasting those = lasting;
        if (those != null && mover != null) {
            mover.busy().forEach(busy -> execute(busy.eventLoop(), () -> those.look(busy), () -> {}));
        }
    }

    /** It cannot move after all. If the successor has failed, this process may be about to serve again: that is seen soon. */
    private void stays(Channel connection) {
        onControl(() -> {
            Runnable tell = () -> {
                if (!cancelled) {
                    execute(connection.eventLoop(), () -> ConnectionDrain.begin(connection, delivered), () -> {});
                }
            };
            if (held) {
                control.schedule(tell, RESUME_MILLIS, TimeUnit.MILLISECONDS);
            } else {
                tell.run();
            }
        });
    }

    private void force() {
        if (result.isDone() || isForced || cancelled) {
            return;
        }
        List<ConnectionTracker.Tracked> left = new ArrayList<>();
        connections.forEachOpen(one -> {
            if (hasToEnd(one.channel())) {
                left.add(one);
                tally.force(one.channel());
            }
        });
        isForced = true;
        forced += left.size();
        running.forEach(this::endByForce);
        if (mover != null) {
            mover.end();
        }
        deadline = control.schedule(this::finish, FORCED_CLOSE_MILLIS, TimeUnit.MILLISECONDS);
        left.forEach(Drain::endByForce);
        finishIfEmpty();
    }

    private static void endByForce(ConnectionTracker.Tracked one) {
        Channel connection = one.channel();
        if (!ConnectionTracker.isToldByItself(one)) {
            return; // by its server
        }
        if (connection.isRegistered()) {
            execute(connection.eventLoop(), () -> ConnectionDrain.force(connection), () -> {});
        } else {
            connection.unsafe().closeForcibly(); // its handlers failed before any loop took it
        }
    }

    private void endByForce(ServerDrain server) {
        try {
            server.force();
        } catch (RuntimeException e) {
            LOGGER.warn("graceful-netty: {} could not be ended by force", server, e);
        }
    }

    private void finishIfEmpty() {
        if (running.isEmpty() && isNobodyLeft()) {
            finish();
        } else {
            endedNanos = 0;
        }
    }

    /**
     * Who leaves is on the way before it is closed here, and who comes back is open before it is not on the way any more.
     * This happens on other threads meanwhile, so whoever is not open is looked for on the way, and then here once more.
     */
    private boolean isNobodyLeft() {
        return !connections.isAnyOpen(this::hasToEnd)
                && (mover == null || (mover.onTheWay() == 0 && !connections.isAnyOpen(this::hasToEnd)));
    }

    /** Whether it has to end for the drain to be over. */
    private boolean hasToEnd(Channel channel) {
        return !held || !ConnectionDrain.isDatagram(channel);
    }

    private void finish() {
        if (cancelled || result.isDone()) {
            return;
        }
        if (endedNanos == 0) {
            endedNanos = System.nanoTime();
        }
        if (held || endingServers) {
            return;
        }
        endingServers = true;
        if (mover != null) {
            mover.end();
        }
        cancel(sweep);
        cancel(looks);
        cancel(deadline);
        deadline = control.schedule(this::complete, FORCED_CLOSE_MILLIS, TimeUnit.MILLISECONDS);
        CompletableFuture.allOf(connections.servers().stream()
                        .map(server -> end(server).toCompletableFuture())
                        .toArray(CompletableFuture<?>[]::new))
                .whenComplete((nothing, failure) -> onControl(this::complete));
    }

    private static CompletionStage<?> end(ServerDrain server) {
        try {
            return server.end().exceptionally(failure -> {
                LOGGER.warn("graceful-netty: the end of {} failed", server, failure);
                return null;
            });
        } catch (RuntimeException e) {
            LOGGER.warn("graceful-netty: the end of {} failed", server, e);
            return CompletableFuture.completedFuture(null);
        }
    }

    private void complete() {
        cancel(deadline);
        result.complete(new DrainResult(
                connectionsAtStart, forced, Duration.ofNanos(endedNanos - startedNanos), tally.result()));
    }

    private void onControl(Runnable action) {
        try {
            control.execute(action);
        } catch (RejectedExecutionException e) {
            // The control loop ends after the last drain: nobody waits for this one any more.
            result.completeExceptionally(e);
        }
    }

    private static void execute(EventLoop loop, Runnable action, Runnable ifEnded) {
        try {
            loop.execute(action);
        } catch (RejectedExecutionException e) {
            ifEnded.run();
        }
    }

    private static void cancel(@Nullable ScheduledFuture<?> task) {
        if (task != null) {
            task.cancel(false);
        }
    }
}
