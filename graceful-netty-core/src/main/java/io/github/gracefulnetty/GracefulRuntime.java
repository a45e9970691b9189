// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static io.github.gracefulnetty.ProcessContext.LOGGER;

import io.github.gracefulnetty.Lifecycle.Event;
import io.github.gracefulnetty.Lifecycle.State;
import io.github.gracefulnetty.drain.ConnectionEnds;
import io.github.gracefulnetty.drain.ConnectionTracker;
import io.github.gracefulnetty.drain.Drain;
import io.github.gracefulnetty.drain.DrainResult;
import io.github.gracefulnetty.drain.Mover;
import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.listener.ListenerRegister;
import io.github.gracefulnetty.internal.migration.Migration;
import io.github.gracefulnetty.internal.process.ServiceManager;
import io.github.gracefulnetty.internal.process.Signals;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/** The runtime of one {@link Graceful}: owns the control loop and the parts, starts them and ends them. */
final class GracefulRuntime implements ProcessContext.Whole {
    /** By then the application is past its own start, and hardly anybody has asked for an upgrade. */
    private static final Duration REHEARSE_AFTER = Duration.ofMillis(500);

    /** How soon a handoff path that somebody has removed is there again. */
    private static final Duration TEND_EVERY = Duration.ofSeconds(30);

    private final ProcessContext context;
    private final SuccessorRole successor;
    private final PredecessorRole predecessor;
    private final List<Runnable> signalHandlers = new ArrayList<>();
    private final CompletableFuture<ExitReport> exit = new CompletableFuture<>();

    private final Thread abruptEnd;
    private boolean stopRequested;
    private @Nullable String givenBack;
    private CompletableFuture<Void> probationOver = new CompletableFuture<>();
    private final CompletableFuture<Void> hurry = new CompletableFuture<>();
    private @Nullable Drain drain;

    GracefulRuntime(Settings settings) {
        Preparation prepared = Preparation.take();
        NativeTransport transport = prepared.found().transport();
        ConnectionTracker connections = new ConnectionTracker();
        ListenerRegister register = new ListenerRegister(transport, connections, this::listenerOpened);
        context = new ProcessContext(
                settings,
                transport,
                prepared.found().problem(),
                prepared.control(),
                new Lifecycle(),
                connections,
                register,
                new NamedStates(),
                new NamedFiles(),
                new Migration(transport, prepared.control(), connections, register, settings.migration()),
                ServiceManager.at(transport == null ? null : System.getenv(ServiceManager.VARIABLE)));
        predecessor = new PredecessorRole(context, this);
        successor = new SuccessorRole(context, predecessor.endpoint(), this);
        abruptEnd = new Thread(this::endAbruptly, "graceful-netty-abrupt-end");
    }

    ProcessContext context() {
        return context;
    }

    @Override
    public int generation() {
        return successor.generation();
    }

    CompletableFuture<ExitReport> exitFuture() {
        return exit;
    }

    /** Finds the predecessor, or starts without one. Blocks. */
    void start() {
        try {
            Runtime.getRuntime().addShutdownHook(abruptEnd);
            context.onControl(this::findPredecessor, successor.foundFuture());
            try {
                installSignals();
            } catch (RuntimeException e) {
                // The takeover that was begun has to end first: in its middle, hanging up looks like a death.
                successor.foundFuture().exceptionally(late -> null).join();
                throw e;
            }
            await(successor.foundFuture());
        } catch (RuntimeException e) {
            CompletableFuture<Void> released = new CompletableFuture<>();
            context.onControl(
                    () -> {
                        successor.stopping();
                        release();
                        released.complete(null);
                    },
                    released);
            await(released);
            throw e;
        }
    }

    private void findPredecessor() {
        NativeTransport transport = context.transport();
        try {
            if (transport != null) {
                successor.findPredecessor(transport);
                return;
            }
            LOGGER.warn(
                    "graceful-netty: no native transport: listeners are bound plainly and are not handed on ({})",
                    context.transportProblem());
            context.register().accept(true);
            successor.foundFuture().complete(null);
        } catch (RuntimeException e) {
            successor.foundFuture().completeExceptionally(e);
        }
    }

    private static void await(CompletableFuture<Void> done) {
        try {
            done.join();
        } catch (CompletionException e) {
            throw Reasons.unwrap(e) instanceof RuntimeException cause ? cause : e;
        }
    }

    /** The JVM ends without a drain: removes the paths that nobody else needs. On any thread. */
    void endAbruptly() {
        predecessor.endpoint().removePaths();
        if (successor.mayBeTakenBack()) {
            return;
        }
        switch (state()) {
            // In the other states, a successor that has the listeners may go on with them.
            case STARTING, SERVING, GIVING_BACK, STOPPING -> context.register().removePaths();
            default -> {}
        }
    }

    private void installSignals() {
        for (String signal : context.settings().upgradeOnSignal()) {
            signalHandlers.add(Signals.handle(signal, () -> {
                upgrade(); // its outcome is logged where it is known; logging first would delay it
                LOGGER.info("graceful-netty: {}: upgrading", signal);
            }));
        }
        for (String signal : context.settings().stopOnSignal()) {
            signalHandlers.add(Signals.handle(signal, () -> {
                LOGGER.info("graceful-netty: {}: stopping", signal);
                stop();
            }));
        }
    }

    private void listenerOpened() {
        if (context.lifecycle().state() != State.STARTING) {
            context.onControl(predecessor::opened, new CompletableFuture<>());
        }
        if (context.settings().readyWhenListenersAreClaimed()
                && context.register().unclaimed().isEmpty()) {
            ready();
        }
    }

    CompletableFuture<Void> ready() {
        context.onControl(successor::ready, successor.readyFuture());
        return successor.readyFuture().copy();
    }

    CompletableFuture<UpgradeResult> upgrade() {
        CompletableFuture<UpgradeResult> result = new CompletableFuture<>();
        context.onControl(() -> predecessor.upgrade(result), result);
        return result;
    }

    CompletableFuture<Boolean> cancelUpgrade() {
        CompletableFuture<Boolean> result = new CompletableFuture<>();
        context.onControl(() -> result.complete(predecessor.cancel("it was cancelled")), result);
        return result;
    }

    CompletableFuture<Void> rollBack(String reason) {
        CompletableFuture<Void> result = new CompletableFuture<>();
        context.onControl(() -> successor.rollBack(reason, result), result);
        return result;
    }

    CompletableFuture<ExitReport> stop() {
        context.onControl(
                () -> {
                    if (stopRequested) {
                        finishDrain();
                        return;
                    }
                    stopRequested = true;
                    successor.settle();
                    predecessor.endProbation();
                    // Where an upgrade is ended first, stopping goes on when its process is gone.
                    if (!predecessor.cancel("the predecessor was told to stop")) {
                        stopIfRequested();
                    }
                },
                exit);
        return exit.copy();
    }

    private void finishDrain() {
        hurry.complete(null);
        if (drain != null) {
            drain.finishNow();
        }
    }

    @Override
    public void serving() {
        context.control().schedule(() -> rehearseWhenQuiet(0), REHEARSE_AFTER);
        context.control().schedule(this::tend, REHEARSE_AFTER);
    }

    /** Connections that move here come first. */
    private void rehearseWhenQuiet(int hadMoved) {
        int moved = context.migration().movedHere();
        if (moved == hadMoved) {
            rehearseNow();
        } else {
            context.control().schedule(() -> rehearseWhenQuiet(moved), REHEARSE_AFTER);
        }
    }

    private void tend() {
        predecessor.endpoint().removeOrphans();
        tendPath();
    }

    private void tendPath() {
        if (state() == State.SERVING) {
            predecessor.endpoint().heal();
        }
        if (state() != State.EXITED && state() != State.FAILED) {
            context.control().schedule(this::tendPath, TEND_EVERY);
        }
    }

    /** Looks after the handoff path at once. On any thread. */
    CompletableFuture<Void> tendNow() {
        CompletableFuture<Void> over = new CompletableFuture<>();
        context.onControl(
                () -> {
                    predecessor.endpoint().removeOrphans();
                    predecessor.endpoint().heal();
                    over.complete(null);
                },
                over);
        return over;
    }

    /** See {@link PredecessorRole#rehearse}. On any thread. */
    CompletableFuture<Boolean> rehearseNow() {
        CompletableFuture<Boolean> over = new CompletableFuture<>();
        context.onControl(() -> predecessor.rehearse(over), over);
        return over;
    }

    @Override
    public void stopIfRequested() {
        Event event = givenBack == null ? Event.STOP : Event.TAKEN_BACK;
        boolean wanted = stopRequested || givenBack != null;
        if (!wanted || !context.lifecycle().allows(event)) {
            return;
        }
        successor.stopping();
        if (event == Event.STOP && state() == State.SERVING) {
            context.manager().stopping();
        }
        context.lifecycle().fire(event);
        context.register().closeUnclaimed(false);
        context.register()
                .accept(false)
                .thenCompose(paused -> context.register().closeSockets())
                .whenComplete(
                        (closed, failure) -> context.onControl(() -> drain(newDrain(null), givenBack != null), exit));
    }

    @Override
    public void upgradeBegins() {
        successor.settle();
    }

    @Override
    public void givenBack(String reason) {
        if (givenBack == null) {
            LOGGER.error("graceful-netty: the predecessor has taken everything back, this process ends: {}", reason);
            givenBack = reason;
            context.register().keepPaths(true); // they are the predecessor's again
            if (!predecessor.cancel("its predecessor has taken everything back")) {
                stopIfRequested();
            }
        }
    }

    @Override
    public void handedOver(List<? extends DescriptorSender.Item> unclaimed) {
        probationOver = new CompletableFuture<>();
        successor.tellAge(2);
        Drain begun = newDrain(context.migration().mover()).hold();
        context.register()
                .pauseAllBut(unclaimed)
                .whenComplete((paused, failure) -> context.onControl(() -> drain(begun, true), exit));
        CompletableFuture<Void> older = successor.predecessorGone().copy();
        // Not a timer of the JDK's: that would need a thread, and there may be no room for one.
        ScheduledFuture<?> patience = context.control()
                .schedule(() -> older.complete(null), context.settings().drainTimeout());
        older.whenComplete((gone, failure) -> patience.cancel(false));
        // What is accepted until the last queue is empty is drained, too.
        CompletableFuture<Void> closed =
                probationOver.thenCompose(settled -> context.register().closeKept());
        CompletableFuture.allOf(closed, CompletableFuture.anyOf(older, hurry))
                .whenComplete((over, failure) -> context.onControl(begun::release, exit));
    }

    @Override
    public void settled() {
        probationOver.complete(null);
    }

    @Override
    public void resumed() {
        Drain running = drain;
        drain = null;
        if (running != null) {
            running.cancel();
        }
        context.register().accept(true);
        context.register().keepPaths(false);
    }

    @Override
    public void aged(int generations) {
        successor.tellAge(generations + 1);
        if (generations > context.settings().maxDraining()) {
            LOGGER.warn(
                    "graceful-netty: {} generations are newer than this one, which may be at most {}: its drain ends now",
                    generations,
                    context.settings().maxDraining());
            predecessor.endProbation();
            finishDrain();
        }
    }

    private boolean isDelivered(Channel connection) {
        NativeTransport transport = context.transport();
        return transport == null || transport.isDelivered(connection);
    }

    private Drain newDrain(@Nullable Mover mover) {
        Drain begun = new Drain(context.connections(), context.control().loop(), mover, this::isDelivered);
        drain = begun;
        return begun;
    }

    private void drain(Drain running, boolean handedOver) {
        if (hurry.isDone()) {
            running.finishNow();
        }
        running.start(context.settings().drainTimeout()).whenComplete((result, failure) -> {
            if (failure != null) {
                exit.completeExceptionally(failure);
            } else {
                drained(handedOver, result);
            }
        });
    }

    private void drained(boolean handedOver, DrainResult result) {
        context.lifecycle().fire(Event.DRAINED);
        LOGGER.info(
                "graceful-netty: drained {} connections in {} ms, {} of them closed by force, {} migrated{}",
                result.connections(),
                result.took().toMillis(),
                result.forced(),
                result.moved(),
                result.byProtocol().isEmpty() ? "" : " (" + ConnectionEnds.describe(result.byProtocol()) + ")");
        predecessor.drained(result.forced());
        context.register().end();
        release();
        exit.complete(new ExitReport(
                handedOver, result.connections(), result.moved(), result.forced(), result.took(), result.byProtocol()));
    }

    @Override
    public void takeoverFailed(HandoffException reason) {
        // Paths stay: they are the predecessor's until it has committed.
        context.register().end();
        release();
        exit.completeExceptionally(reason);
    }

    /** Everything else that this runtime holds; the control loop ends after what is under way. */
    private void release() {
        predecessor.endpoint().close();
        context.register().closeUnclaimed(false);
        context.migration().close();
        signalHandlers.forEach(Runnable::run);
        signalHandlers.clear();
        try {
            Runtime.getRuntime().removeShutdownHook(abruptEnd);
        } catch (IllegalStateException e) {
            LOGGER.debug("graceful-netty: the JVM is ending already", e);
        }
        context.control().shutDown();
    }

    State state() {
        return context.lifecycle().state();
    }
}
