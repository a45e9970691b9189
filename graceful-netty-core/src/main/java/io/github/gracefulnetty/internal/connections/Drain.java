// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.connection.ConnectionEnds;
import io.github.gracefulnetty.connection.ServerDrain;
import io.github.gracefulnetty.internal.protocols.DrainGuard;
import io.github.gracefulnetty.internal.protocols.Protocols;
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
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One drain: tells every connection, waits until all are closed, and closes the rest at the deadline. Accepting must
 * have been paused before. Everything but the connections' own work runs on one control loop, and whatever a task of that
 * throws is logged, and the drain goes on: towards its end.
 */
public final class Drain {
    /** How often connections are looked for that could not be told yet, or that closed without saying so. */
    private static final long SWEEP_MILLIS = 50;

    /** How often, and how long, the barrier looks for connections that no loop has registered yet. */
    private static final long REGISTER_MILLIS = 2;

    private static final int MOST_LOOKS = 500;

    /** How many are told in one task: others want to be served between. */
    private static final int MOST_PER_TASK = 16;

    /** How often those are looked at that are to move, and busy. */
    private static final long LOOK_MILLIS = 1_000;

    /** How long the end of a successor on probation may be known to its lanes only. */
    private static final long RESUME_MILLIS = 1_000;

    /** How long the barrier may take, at least: a loop that is blocked never comes to it. */
    private static final long LEAST_BARRIER_MILLIS = 1_000;

    /** How long a forced close may take before the drain is over all the same. */
    private static final long FORCED_CLOSE_MILLIS = 2_000;

    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(Drain.class);

    private final ConnectionTracker connections;
    private final ScheduledExecutorService control;
    private final CompletableFuture<DrainResult> result = new CompletableFuture<>();
    private final long startedNanos = System.nanoTime();
    private final Set<AskedServer> running = new HashSet<>();
    private final @Nullable Mover mover;
    private final Predicate<Channel> delivered;

    private boolean held;
    private boolean cancelled;
    private boolean endingServers;
    private boolean begun;
    private boolean hurry;
    private int connectionsAtStart;
    private long endedNanos;
    private boolean isForced;
    private boolean unregistered;
    private boolean sweepFailed;
    private CompletableFuture<Void> barrier = new CompletableFuture<>();
    private @Nullable Ledger ledger;
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
    }

    /**
     * Starts, on the control loop.
     *
     * @param timeout after which the rest is closed, from when this drain was made; what a blocked loop holds is given up soon
     *     after that
     * @return completes on the control loop when no connection is left
     */
    public CompletableFuture<DrainResult> start(Duration timeout) {
        lookOrBegin(MOST_LOOKS, timeout);
        return result;
    }

    private void lookOrBegin(int looks, Duration timeout) {
        DrainGuard.run(
                "the drain",
                "could not wait for connections",
                () -> beginWhenRegistered(looks, timeout),
                () -> begin(timeout));
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
            control.schedule(() -> lookOrBegin(looks - 1, timeout), REGISTER_MILLIS, TimeUnit.MILLISECONDS);
        } else {
            barrier = barrier(loops);
            if (hurry) {
                barrier.complete(null);
            }
            long limit = Math.max(remainingNanos(timeout), TimeUnit.MILLISECONDS.toNanos(LEAST_BARRIER_MILLIS));
            ScheduledFuture<?> patience = control.schedule(() -> begin(timeout), limit, TimeUnit.NANOSECONDS);
            barrier.whenComplete((nothing, failure) -> onControl(() -> {
                patience.cancel(false);
                begin(timeout);
            }));
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

    /** Ends as soon as no connection is left, and at the latest at the deadline, or now if that has passed. On the control loop. */
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
        Ledger counted = ledger;
        if (counted != null) {
            connections.stopCounting(counted);
        }
        if (mover != null) {
            DrainGuard.quietly("moving", "could not be cancelled", mover::cancel);
        }
        if (begun) {
            connections.servers().values().forEach(AskedServer::resume);
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
        if (!cancelled && !begun) {
            begun = true;
            DrainGuard.run("the drain", "could not begin", () -> beginNow(timeout), this::force);
        }
    }

    private void beginNow(Duration timeout) {
        ledger = connections.count();
        deadline = control.schedule(this::force, remainingNanos(timeout), TimeUnit.NANOSECONDS);
        sweep = control.scheduleWithFixedDelay(this::sweepOrLog, SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
        if (mover != null) {
            DrainGuard.quietly(
                    "moving", "could not begin", () -> mover.begin(this::stays, () -> onControl(this::finishIfEmpty)));
            looks = control.scheduleWithFixedDelay(
                    () -> DrainGuard.quietly("moving", "could not be looked at", this::look),
                    LOOK_MILLIS,
                    LOOK_MILLIS,
                    TimeUnit.MILLISECONDS);
        }
        DrainGuard.quietly("the drain", "could not tell all connections", () -> connectionsAtStart = tellAll());
        connections.servers().forEach(this::begin);
        DrainGuard.quietly("the drain", "could not see whether it is over", this::finishIfEmpty);
        connections.whenEmpty(() -> onControl(this::finishIfEmpty));
        if (hurry) {
            force();
        }
    }

    private void begin(ServerDrain server, AskedServer asked) {
        running.add(asked);
        asked.drain(connections.openOf(server))
                .whenComplete((nothing, failure) -> onControl(() -> {
                    running.remove(asked);
                    finishIfEmpty();
                }));
    }

    /** One that fails would be the last one; its failure is the next one's, too, and is told once. */
    private void sweepOrLog() {
        try {
            sweep();
        } catch (Throwable t) {
            if (!sweepFailed) {
                sweepFailed = true;
                DrainGuard.warn("the drain", "could not look for connections", t);
            }
        }
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
    private void tell(Connection one, Map<EventLoop, List<Channel>> told) {
        Channel connection = one.channel();
        if (!hasToEnd(connection)) {
            return;
        }
        if (!connection.isRegistered()) {
            unregistered = true;
        } else if (one.tell(this) && one.isToldByItself()) {
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
        } catch (Throwable t) {
            DrainGuard.warn(connection, "could not be told to end", t);
        }
    }

    private void begin(Channel connection) {
        if (mover == null || !connection.isOpen() || !mover.take(connection)) {
            end(connection);
        }
    }

    /** It may have been about to move, in an upgrade that has failed a moment ago. */
    private void end(Channel connection) {
        Connection tracked = Connection.of(connection);
        if (tracked != null) {
            tracked.stay();
        }
        Protocols.end(connection, delivered);
    }

    private void look() {
        connections.forEachOpen(one -> {
            if (one.isBusy()) {
                execute(one.channel().eventLoop(), () -> look(one), () -> {});
            }
        });
    }

    private void look(Connection one) {
        if (mover != null) {
            DrainGuard.quietly(one.channel(), "could not be looked at", () -> one.look(mover.isBusy(one.channel())));
        }
    }

    /** It cannot move after all. If the successor has failed, this process may be about to serve again: that is seen soon. */
    private void stays(Channel connection) {
        onControl(() -> {
            Runnable tell = () -> {
                if (!cancelled) {
                    execute(connection.eventLoop(), () -> endAlone(connection), () -> {});
                }
            };
            if (held) {
                control.schedule(
                        () -> DrainGuard.quietly(connection, "could not be told to end", tell),
                        RESUME_MILLIS,
                        TimeUnit.MILLISECONDS);
            } else {
                tell.run();
            }
        });
    }

    private void endAlone(Channel connection) {
        DrainGuard.quietly(connection, "could not be told to end", () -> end(connection));
    }

    private void force() {
        if (!result.isDone() && !isForced && !cancelled) {
            isForced = true;
            DrainGuard.run("the drain", "could not close what is left", this::forceNow, this::finish);
        }
    }

    /** Whoever is asked may not answer: what needs nobody comes first. */
    private void forceNow() {
        deadline = control.schedule(this::finish, FORCED_CLOSE_MILLIS, TimeUnit.MILLISECONDS);
        List<Connection> left = new ArrayList<>();
        DrainGuard.quietly(
                "the drain",
                "could not find all that is left",
                () -> connections.forEachOpen(one -> {
                    if (hasToEnd(one.channel())) {
                        left.add(one);
                        one.force();
                    }
                }));
        if (mover != null) {
            DrainGuard.quietly("moving", "could not be ended", mover::end);
        }
        left.forEach(one -> DrainGuard.quietly(one.channel(), "could not be closed by force", () -> endByForce(one)));
        if (!held) { // a server that was ended by force could not resume
            running.forEach(AskedServer::force);
        }
        finishIfEmpty();
    }

    private static void endByForce(Connection one) {
        Channel connection = one.channel();
        if (!one.isToldByItself()) {
            return; // by its server
        }
        if (connection.isRegistered()) {
            execute(connection.eventLoop(), () -> Protocols.cut(connection), () -> {});
        } else {
            connection.unsafe().closeForcibly(); // its handlers failed before any loop took it
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
        return !held || !Protocols.isDatagram(channel);
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
        DrainGuard.run("the drain", "could not end its servers", this::endServers, this::complete);
    }

    private void endServers() {
        cancel(sweep);
        cancel(looks);
        cancel(deadline);
        if (mover != null) {
            DrainGuard.quietly("moving", "could not be ended", mover::end);
        }
        deadline = control.schedule(this::complete, FORCED_CLOSE_MILLIS, TimeUnit.MILLISECONDS);
        CompletableFuture.allOf(connections.servers().values().stream()
                        .map(AskedServer::end)
                        .toArray(CompletableFuture<?>[]::new))
                .whenComplete((nothing, failure) -> onControl(this::complete));
    }

    private void complete() {
        cancel(deadline);
        result.complete(new DrainResult(connectionsAtStart, Duration.ofNanos(endedNanos - startedNanos), ends()));
    }

    private Map<String, ConnectionEnds> ends() {
        try {
            Ledger counted = ledger;
            if (counted == null) {
                return Map.of();
            }
            connections.closeCounting(counted);
            if (counted.open() != 0) { // a defect of ours, and nobody would see it
                LOGGER.warn("graceful-netty: {} connections are in no column of the report", counted.open());
            }
            return counted.ends();
        } catch (Throwable t) {
            DrainGuard.warn("the drain", "could not count how connections ended", t);
            return Map.of();
        }
    }

    private void onControl(Runnable action) {
        try {
            control.execute(() -> DrainGuard.quietly("the drain", "failed, and goes on", action));
        } catch (RejectedExecutionException e) {
            // The control loop ends after the last drain: nobody waits for this one any more.
            result.completeExceptionally(e);
        } catch (Throwable t) { // no memory: what has a deadline comes to its end by that
            DrainGuard.warn("the drain", "could not go on at once", t);
        }
    }

    private static void execute(EventLoop loop, Runnable action, Runnable ifEnded) {
        try {
            loop.execute(action);
        } catch (RejectedExecutionException e) {
            ifEnded.run();
        } catch (Throwable t) { // it cannot have its thread, for instance
            DrainGuard.warn(loop, "does not run what the drain wants", t);
            ifEnded.run();
        }
    }

    private static void cancel(@Nullable ScheduledFuture<?> task) {
        if (task != null) {
            task.cancel(false);
        }
    }
}
