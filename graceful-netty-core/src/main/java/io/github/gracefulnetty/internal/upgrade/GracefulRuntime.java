// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.activation.ActivationException;
import io.github.gracefulnetty.connection.ConnectionEnds;
import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.connections.ConnectionTracker;
import io.github.gracefulnetty.internal.connections.Drain;
import io.github.gracefulnetty.internal.connections.DrainResult;
import io.github.gracefulnetty.internal.connections.Migration;
import io.github.gracefulnetty.internal.connections.Mover;
import io.github.gracefulnetty.internal.listener.ListenerRegister;
import io.github.gracefulnetty.internal.process.ServiceManager;
import io.github.gracefulnetty.internal.transfer.Callbacks;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.upgrade.Phases.Event;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** The runtime of one Graceful: owns the control loop and the parts, starts them and ends them. */
public final class GracefulRuntime implements Whole {
    private final Parts parts;
    private final SuccessorRole successor;
    private final PredecessorRole predecessor;
    private final OwnSignals signals;
    private final Upkeep upkeep;
    private final Callbacks callbacks = new Callbacks();
    private final CompletableFuture<Exit> exit = new CompletableFuture<>();
    private final Thread abruptEnd;

    private boolean stopWanted;
    private Optional<String> rolledBackBecause = Optional.empty();

    /** How this process ended. */
    public record Exit(boolean handedOver, DrainResult drain) {}

    public GracefulRuntime(Settings settings) {
        Preparation prepared = Preparation.take();
        NativeTransport transport = prepared.found().transport();
        ConnectionTracker connections = new ConnectionTracker();
        ListenerRegister register = new ListenerRegister(transport, connections, this::listenerOpened);
        parts = new Parts(
                settings,
                transport,
                prepared.found().problem(),
                prepared.control(),
                new Phases(),
                connections,
                register,
                new NamedStates(),
                new NamedFiles(),
                new Migration(transport, prepared.control(), connections, register, settings.migrateConnections()),
                ServiceManager.at(transport == null ? null : System.getenv(ServiceManager.VARIABLE)));
        parts.control().onTrouble(this::unexpected);
        predecessor = new PredecessorRole(parts, this);
        successor = new SuccessorRole(parts, predecessor.endpoint(), this);
        signals = new OwnSignals(settings, this::upgradeBySignal, this::stop);
        upkeep = new Upkeep(parts, predecessor.endpoint());
        abruptEnd =
                new Thread(() -> Guard.all(this::removePaths, successor::endsAbruptly), "graceful-netty-abrupt-end");
    }

    public Parts parts() {
        return parts;
    }

    @Override
    public int generation() {
        return successor.generation();
    }

    public Phase phase() {
        return parts.phases().current();
    }

    /** Completes on an internal thread, which must not be blocked. */
    public CompletableFuture<Exit> exitFuture() {
        return exit;
    }

    /** For the application: see {@link Callbacks#outer}. */
    public <T> CompletableFuture<T> outer(CompletableFuture<T> inner) {
        return callbacks.outer(inner);
    }

    /** Looks after paths, and loads what an upgrade needs, while nobody waits. For tests, which do not wait for it. */
    public Upkeep upkeep() {
        return upkeep;
    }

    /** Finds the predecessor, or starts without one. Blocks. */
    public void start() {
        try {
            Runtime.getRuntime().addShutdownHook(abruptEnd);
            parts.onControl(this::findPredecessor, successor.foundFuture());
            try {
                signals.install();
            } catch (RuntimeException e) {
                // The takeover that was begun has to end first: in its middle, hanging up looks like a death.
                successor.foundFuture().exceptionally(late -> null).join();
                throw e;
            }
            await(successor.foundFuture());
        } catch (Throwable t) {
            CompletableFuture<Void> released = new CompletableFuture<>();
            parts.onControl(
                    () -> {
                        Guard.all(successor::stopping, this::release);
                        released.complete(null);
                    },
                    released);
            released.exceptionally(ended -> null).join(); // where the loop has ended, all is released
            throw t;
        }
    }

    private void findPredecessor() {
        NativeTransport transport = parts.transport();
        if (transport != null) {
            try {
                successor.findPredecessor(transport);
            } catch (HandoffException | ActivationException e) { // a mistake, of which whoever builds is told
                successor.foundFuture().completeExceptionally(e);
            }
            return;
        }
        LOGGER.warn(
                "graceful-netty: no native transport: listeners are bound plainly and are not handed over ({})",
                parts.transportProblem());
        parts.register().accept(true);
        successor.foundFuture().complete(null);
    }

    private static void await(CompletableFuture<Void> done) {
        try {
            done.join();
        } catch (CompletionException e) {
            Throwable cause = Reasons.unwrap(e);
            throw cause instanceof RuntimeException known
                    ? known
                    : new HandoffException("unexpected: " + Reasons.of(cause), cause);
        }
    }

    /**
     * A task of the control loop has failed in a way that nobody expected: ends what cannot go on, and nothing else. There may be
     * no room for one more class: so there are no lambdas here, nor in what it takes to fail an upgrade.
     */
    private void unexpected(Throwable t) {
        Guard.log(t);
        try {
            successor.unexpected(t);
        } catch (Throwable more) {
            Guard.log(more);
        }
        try {
            predecessor.unexpected(t);
        } catch (Throwable more) {
            Guard.log(more);
        }
        try {
            predecessor.departing().unexpected();
        } catch (Throwable more) {
            Guard.log(more);
        }
    }

    /** The JVM ends without a drain: removes the paths that nobody else needs. On any thread. */
    public void removePaths() {
        predecessor.endpoint().removePaths();
        if (successor.mayBeRolledBack()) {
            return;
        }
        Phase phase = phase();
        // In the other phases, a successor that has the listeners may go on with them.
        if (phase instanceof Phase.Starting
                || phase instanceof Phase.Serving
                || phase instanceof Phase.RollingBack
                || phase instanceof Phase.Stopping) {
            parts.register().removePaths();
        }
    }

    private void listenerOpened() {
        if (!(phase() instanceof Phase.Starting)) {
            parts.onControl(
                    () -> {
                        predecessor.opened();
                        successor.proving().opened();
                        upkeep.openedLate();
                    },
                    new CompletableFuture<>());
        }
        upkeep.opened();
        if (parts.settings().readyWhenListenersAreClaimed()
                && parts.register().unclaimed().isEmpty()) {
            ready();
        }
    }

    /** This process is initialised. */
    public CompletableFuture<Void> ready() {
        parts.onControl(successor::ready, successor.readyFuture());
        return outer(successor.readyFuture());
    }

    /** The application cannot serve. */
    public void fail(Throwable cause) {
        CompletableFuture<Void> told = new CompletableFuture<>();
        parts.onControl(
                () -> {
                    if (!successor.cannotStart(cause)) {
                        successor.proving().rollBack("its application failed: " + Reasons.root(cause), told);
                    }
                },
                told);
        told.exceptionally(failure -> {
            LOGGER.error("graceful-netty: the application failed: {}; {}", Reasons.root(cause), Reasons.of(failure));
            return null;
        });
    }

    /** Replaces this process, for whoever says {@code why}. */
    public CompletableFuture<Replacement> upgrade(String why) {
        CompletableFuture<Replacement> result = new CompletableFuture<>();
        parts.onControl(() -> predecessor.upgrade(why, result), result);
        return result;
    }

    private void upgradeBySignal(String signal) {
        upgrade(signal + ": upgrading");
    }

    /** Ends an upgrade that runs. */
    public CompletableFuture<Boolean> cancelUpgrade() {
        CompletableFuture<Boolean> result = new CompletableFuture<>();
        parts.onControl(() -> result.complete(predecessor.cancel("it was cancelled")), result);
        return outer(result);
    }

    /** The predecessor is to serve again. */
    public CompletableFuture<Void> rollBack(String reason) {
        CompletableFuture<Void> result = new CompletableFuture<>();
        parts.onControl(() -> successor.proving().rollBack(reason, result), result);
        return outer(result);
    }

    /** Ends this process's service without a successor. A second call ends the drain at once. */
    public CompletableFuture<Exit> stop() {
        parts.onControl(
                () -> {
                    if (stopWanted) {
                        hurry();
                        return;
                    }
                    stopWanted = true;
                    Guard.all(successor.proving()::settle, predecessor.departing()::endProbation, () -> {
                        // Where an upgrade is ended first, stopping goes on when its process is gone.
                        if (!predecessor.cancel("the predecessor was told to stop")) {
                            stopIfRequested();
                        }
                    });
                },
                exit);
        return exit;
    }

    private void hurry() {
        Phase phase = phase();
        if (phase instanceof Phase.Replaced replaced) {
            replaced.departure().hurryUp();
        } else if (phase instanceof Phase.Stopping stopping) {
            stopping.drain().finishNow();
        }
    }

    @Override
    public void serving() {
        upkeep.begin();
    }

    @Override
    public boolean isAboutToServe() {
        return successor.proving().isAboutToBegin();
    }

    @Override
    public boolean isToEnd() {
        return stopWanted || rolledBackBecause.isPresent();
    }

    @Override
    public void stopIfRequested() {
        Event event = rolledBackBecause.isPresent() ? Event.ROLLED_BACK : Event.STOP;
        if (!isToEnd() || !parts.phases().allows(event) || (event == Event.STOP && isAboutToServe())) {
            return;
        }
        boolean served = phase() instanceof Phase.Serving;
        Drain drain = newDrain(null);
        Guard.all(
                successor::stopping,
                () -> {
                    if (event == Event.STOP && served) {
                        successor.leaves();
                        parts.manager().stopping();
                    }
                },
                () -> parts.phases().leave(event, new Phase.Stopping(drain)),
                () -> parts.register().closeUnclaimed(false),
                () -> parts.control()
                        .within(
                                parts.patience(),
                                parts.register()
                                        .accept(false)
                                        .thenCompose(paused -> parts.register().closeSockets()))
                        .thenRun(() -> parts.onControl(() -> drain(drain), exit)));
    }

    private void drain(Drain drain) {
        drain.start(parts.settings().drainTimeout()).whenComplete((result, failure) -> {
            if (failure != null) {
                exit.completeExceptionally(failure);
            } else {
                Guard.all(
                        () -> parts.phases().leave(Event.DRAINED, new Phase.Exited()),
                        () -> exit(rolledBackBecause.isPresent(), result));
            }
        });
    }

    @Override
    public void upgradeBegins() {
        successor.proving().settle();
    }

    @Override
    public void tellAge(int generations) {
        successor.tellAge(generations);
    }

    @Override
    public CompletableFuture<Void> predecessorGone() {
        return successor.predecessorGone();
    }

    @Override
    public void rolledBack(String reason) {
        if (rolledBackBecause.isEmpty()) {
            rolledBackBecause = Optional.of(reason);
            Guard.all(
                    () -> parts.register().keepPaths(true), // they are the predecessor's again
                    () -> LOGGER.error(
                            "graceful-netty: the predecessor has taken everything back, this process ends: {}", reason),
                    () -> {
                        if (!predecessor.cancel("its predecessor has taken everything back")) {
                            stopIfRequested();
                        }
                    });
        }
    }

    @Override
    public Drain newDrain(@Nullable Mover mover) {
        return new Drain(parts.connections(), parts.control().loop(), mover, this::isDelivered);
    }

    private boolean isDelivered(Channel connection) {
        NativeTransport transport = parts.transport();
        return transport == null || transport.isDelivered(connection);
    }

    @Override
    public void exit(boolean handedOver, DrainResult result) {
        Guard.all(
                () -> log(result),
                () -> parts.register().end(),
                this::release,
                () -> exit.complete(new Exit(handedOver, result)));
    }

    private static void log(DrainResult result) {
        LOGGER.info(
                "graceful-netty: drained {} connections in {} ms, {} of them closed by force, {} moved{}",
                result.total(),
                result.took().toMillis(),
                result.forced(),
                result.moved(),
                result.byProtocol().isEmpty() ? "" : " (" + ConnectionEnds.describe(result.byProtocol()) + ")");
    }

    @Override
    public void takeoverFailed(HandoffException reason) {
        // Paths stay: they are the predecessor's until it has committed.
        Guard.all(() -> parts.register().end(), this::release, () -> exit.completeExceptionally(reason));
    }

    /** Everything else that this runtime holds; the control loop ends after what is under way. */
    private void release() {
        Guard.all(
                predecessor.endpoint()::close,
                () -> parts.register().closeUnclaimed(false),
                () -> parts.migration().close(),
                signals::uninstall,
                this::removeHook,
                () -> parts.control().shutDown());
    }

    private void removeHook() {
        try {
            Runtime.getRuntime().removeShutdownHook(abruptEnd);
        } catch (IllegalStateException e) {
            LOGGER.debug("graceful-netty: the JVM is ending already", e);
        }
    }
}
