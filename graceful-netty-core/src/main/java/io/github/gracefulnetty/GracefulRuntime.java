// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.Lifecycle.Event;
import io.github.gracefulnetty.Lifecycle.State;
import io.github.gracefulnetty.activation.Activation;
import io.github.gracefulnetty.drain.ConnectionTracker;
import io.github.gracefulnetty.drain.Drain;
import io.github.gracefulnetty.handoff.InheritedListener;
import io.github.gracefulnetty.handoff.ListenerDescription;
import io.github.gracefulnetty.handoff.Message;
import io.github.gracefulnetty.handoff.MessageCodec;
import io.github.gracefulnetty.handoff.Token;
import io.github.gracefulnetty.internal.listener.LateBindingServerChannel;
import io.github.gracefulnetty.internal.listener.ListenerRegister;
import io.github.gracefulnetty.internal.process.Signals;
import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.NativeTransports;
import io.netty.channel.Channel;
import io.netty.channel.DefaultEventLoopGroup;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.PeerCredentials;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs the life of this process: carries out what the {@link Lifecycle} allows. All state is touched on the control loop
 * only.
 */
final class GracefulRuntime implements HandoffServer.Receptionist {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(Graceful.class);

    private final Settings settings;
    private final @Nullable NativeTransport transport;
    private final String transportProblem;
    private final EventLoopGroup controlGroup;
    private final EventLoop control;
    private final Lifecycle lifecycle = new Lifecycle();
    private final ConnectionTracker connections = new ConnectionTracker();
    private final ListenerRegister register;
    private final List<Runnable> signalHandlers = new ArrayList<>();
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final CompletableFuture<ExitReport> exit = new CompletableFuture<>();

    private volatile int generation = 1;
    private boolean readyRequested;
    private boolean stopRequested;
    private @Nullable Takeover takeover;
    private @Nullable HandoffServer server;
    private @Nullable Path privateDirectory;
    private @Nullable Upgrade upgrade;
    private @Nullable CompletableFuture<UpgradeResult> upgradeResult;
    private @Nullable Drain drain;

    GracefulRuntime(Settings settings) {
        this.settings = settings;
        NativeTransports.Found found = NativeTransports.find();
        transport = found.transport();
        transportProblem = found.problem();
        var threads = new DefaultThreadFactory("graceful-netty-control", true);
        controlGroup = transport == null ? plainGroup(threads) : transport.newGroup(1, threads);
        control = controlGroup.next();
        register = new ListenerRegister(transport, connections, this::listenerOpened);
    }

    Settings settings() {
        return settings;
    }

    @SuppressWarnings("deprecation") // the only group without I/O that both Netty lines have
    private static EventLoopGroup plainGroup(ThreadFactory threads) {
        return new DefaultEventLoopGroup(1, threads);
    }

    State state() {
        return lifecycle.state();
    }

    int generation() {
        return generation;
    }

    ListenerRegister register() {
        return register;
    }

    @Nullable
    NativeTransport transport() {
        return transport;
    }

    CompletableFuture<Void> readyFuture() {
        return ready;
    }

    CompletableFuture<ExitReport> exitFuture() {
        return exit;
    }

    // ------------------------------------------------------------------ start

    /** Finds the predecessor, or starts without one. Blocks. */
    void start() {
        try {
            join(onControl(this::findPredecessor).thenCompose(found -> found));
            installSignals();
        } catch (RuntimeException e) {
            join(onControl(() -> {
                release();
                return null;
            }));
            controlGroup.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            throw e;
        }
        LOGGER.info(
                "graceful-netty: generation {} of pid {}, {}{}",
                generation,
                ProcessHandle.current().pid(),
                settings,
                transport == null ? "" : ", transport=" + transport.name());
    }

    private CompletableFuture<Void> findPredecessor() {
        NativeTransport usable = transport;
        if (usable == null) {
            LOGGER.warn(
                    "graceful-netty: no native transport: listeners are bound plainly and are not handed on ({})",
                    transportProblem);
            return register.accept(true);
        }
        Optional<PredecessorTicket> ticket = PredecessorTicket.take();
        Path configured = settings.handoffPath();
        HandoffPath path = configured == null ? null : new HandoffPath(configured);
        if (path != null) {
            checked(path);
        }
        Path connectTo = ticket.map(PredecessorTicket::path).orElse(configured);
        if (connectTo == null || !Files.exists(connectTo)) {
            startAlone(usable, path);
            return CompletableFuture.completedFuture(null);
        }
        lifecycle.fire(Event.PREDECESSOR_FOUND);
        return new Takeover(
                        usable,
                        control,
                        connectTo,
                        ticket.map(PredecessorTicket::token).orElse(Token.NONE),
                        new TakeoverEvents())
                .start()
                .thenAccept(received -> {
                    if (received.takeover() == null) {
                        lifecycle.fire(Event.PREDECESSOR_LOST);
                        startAlone(usable, path);
                    } else {
                        inherit(usable, received);
                    }
                });
    }

    private static void checked(HandoffPath path) {
        try {
            path.check();
        } catch (IOException e) {
            throw new HandoffException(Reasons.of(e), e);
        }
    }

    private void startAlone(NativeTransport usable, @Nullable HandoffPath path) {
        List<InheritedListener> activated = Activation.take(usable, System.getenv());
        register.inherit(activated);
        register.accept(true);
        if (path != null) {
            try {
                HandoffServer fresh = new HandoffServer(usable, control, path, this);
                server = fresh;
                path.publishFresh();
            } catch (IOException e) {
                throw new HandoffException(Reasons.of(e), e);
            }
        }
    }

    private void inherit(NativeTransport usable, Takeover.Received received) {
        lifecycle.fire(Event.RECEIVED);
        takeover = received.takeover();
        generation = received.takeover() == null ? 1 : received.takeover().generation();
        register.inherit(received.listeners());
        for (InheritedListener activated : Activation.take(usable, System.getenv())) {
            if (register.offers(activated.description())) {
                activated.descriptor().close(); // the predecessor handed on the same socket
            } else {
                register.inherit(List.of(activated));
            }
        }
    }

    private void installSignals() {
        for (String signal : settings.upgradeSignals()) {
            signalHandlers.add(Signals.handle(signal, () -> {
                LOGGER.info("graceful-netty: {}: upgrading", signal);
                upgrade(); // the outcome is logged where it is known
            }));
        }
        for (String signal : settings.stopSignals()) {
            signalHandlers.add(Signals.handle(signal, () -> {
                LOGGER.info("graceful-netty: {}: stopping", signal);
                stop();
            }));
        }
    }

    // ------------------------------------------------------------------ as a successor

    private void listenerOpened() {
        if (settings.readyWhenClaimed() && register.unclaimed().isEmpty()) {
            ready();
        }
    }

    CompletableFuture<Void> ready() {
        control.execute(() -> {
            if (readyRequested) {
                return;
            }
            readyRequested = true;
            Takeover from = takeover;
            if (lifecycle.state() == State.INITIALISING && from != null) {
                try {
                    bindHandoffPath();
                } catch (IOException e) {
                    from.abort(Reasons.of(e));
                    failed(Reasons.of(e));
                    return;
                }
                lifecycle.fire(Event.READY);
                from.ready();
            } else if (lifecycle.state() == State.STARTING) {
                lifecycle.fire(Event.READY);
                serve();
            } else {
                ready.completeExceptionally(
                        new HandoffException("not ready: " + lifecycle.state().because()));
            }
        });
        return ready.copy();
    }

    /** Under the temporary name, so that taking over the predecessor's path is one rename that can hardly fail. */
    private void bindHandoffPath() throws IOException {
        Path path = settings.handoffPath();
        NativeTransport usable = transport;
        if (path != null && usable != null && server == null) {
            server = new HandoffServer(usable, control, new HandoffPath(path), this);
        }
    }

    /** The listeners are ours alone to accept on: completes when all of them do. */
    private void serve() {
        List<ListenerDescription> unclaimed = register.closeUnclaimed();
        if (!unclaimed.isEmpty()) {
            LOGGER.warn("graceful-netty: inherited, but not bound by this version, so closed: {}", unclaimed);
        }
        register.open().forEach(listener -> listener.keepPath(false));
        register.accept(true)
                .whenComplete((nothing, failure) -> control.execute(() -> {
                    Takeover from = takeover;
                    if (from != null) {
                        from.serving();
                    }
                    LOGGER.info(
                            "graceful-netty: generation {} serves (pid {})",
                            generation,
                            ProcessHandle.current().pid());
                    ready.complete(null);
                }));
    }

    private void takeOverHandoffPath() throws IOException {
        HandoffServer ours = server;
        if (ours != null && !ours.path().isOurs()) {
            ours.path().publishOverPredecessor();
        }
    }

    private void failed(String reason) {
        lifecycle.fire(Event.ABORTED);
        LOGGER.error("graceful-netty: this process does not take over: {}", reason);
        HandoffException failure = new HandoffException(reason);
        ready.completeExceptionally(failure);
        // The predecessor serves on: its listeners and paths must not suffer from our going.
        register.closeUnclaimed();
        closeListeners();
        release();
        exit.completeExceptionally(failure);
    }

    private final class TakeoverEvents implements Takeover.Events {
        @Override
        public void committed() {
            Takeover from = takeover;
            if (lifecycle.state() != State.COMMITTING || from == null) {
                return;
            }
            try {
                takeOverHandoffPath();
            } catch (IOException e) {
                String reason = "cannot take over the handoff path: " + e;
                from.abort(reason);
                failed(reason);
                return;
            }
            lifecycle.fire(Event.COMMITTED);
            serve();
            stopIfRequested();
        }

        @Override
        public void aborted(String reason) {
            if (lifecycle.allows(Event.ABORTED)) {
                failed(reason);
            }
        }

        @Override
        public void predecessorLost() {
            if (!lifecycle.allows(Event.PREDECESSOR_LOST)) {
                return;
            }
            LOGGER.warn("graceful-netty: the predecessor is gone, this process goes on with its listeners");
            boolean wasReady = lifecycle.state() == State.COMMITTING;
            lifecycle.fire(Event.PREDECESSOR_LOST);
            takeover = null;
            try {
                bindHandoffPath();
                takeOverHandoffPath();
            } catch (IOException e) {
                LOGGER.error(
                        "graceful-netty: no further upgrade through the handoff path is possible: {}", e.toString());
            }
            if (wasReady) {
                serve();
            }
            stopIfRequested();
        }

        @Override
        public void drained(long forced) {
            LOGGER.info("graceful-netty: the predecessor has drained, {} connections were closed by force", forced);
        }
    }

    // ------------------------------------------------------------------ as a predecessor

    CompletableFuture<UpgradeResult> upgrade() {
        CompletableFuture<UpgradeResult> result = new CompletableFuture<>();
        control.execute(() -> {
            if (!lifecycle.allows(Event.UPGRADE_REQUESTED)) {
                refuse(result, lifecycle.state().because());
                return;
            }
            if (transport == null) {
                refuse(result, "there is no native transport (" + transportProblem + ")");
                return;
            }
            Upgrade next;
            try {
                Path path = handoffPathForUpgrade();
                lifecycle.fire(Event.UPGRADE_REQUESTED);
                upgradeResult = result;
                next = new Upgrade(control, generation + 1, settings.upgradeTimeout(), new UpgradeEvents());
                upgrade = next;
                next.started(SuccessorProcess.start(
                        settings.command(),
                        new PredecessorTicket(ProcessHandle.current().pid(), next.ticket(), path)));
            } catch (IOException e) {
                String reason = "cannot start the successor: " + Reasons.of(e);
                Upgrade begun = upgrade;
                if (begun == null) {
                    refuse(result, reason);
                } else {
                    begun.fail(reason);
                }
            }
        });
        return result;
    }

    private static void refuse(CompletableFuture<UpgradeResult> result, String reason) {
        LOGGER.warn("graceful-netty: upgrade refused: {}", reason);
        result.completeExceptionally(new HandoffException("upgrade refused: " + reason));
    }

    /** The path that a successor finds us at; a private one for this upgrade if none is configured. */
    private Path handoffPathForUpgrade() throws IOException {
        HandoffServer listening = server;
        if (listening == null) {
            Path directory = Files.createTempDirectory("graceful-netty-");
            privateDirectory = directory;
            HandoffPath path = new HandoffPath(directory.resolve("handoff.sock"));
            path.check();
            listening = new HandoffServer(Objects.requireNonNull(transport), control, path, this);
            server = listening;
            path.publishFresh();
        }
        return listening.path().path();
    }

    @Override
    public void hello(Channel connection, PeerCredentials peer, Message.Hello hello) {
        State state = lifecycle.state();
        if (hello.minVersion() > MessageCodec.VERSION || hello.maxVersion() < MessageCodec.VERSION) {
            HandoffServer.refuse(
                    connection,
                    "protocol version " + MessageCodec.VERSION + " is spoken here, you speak " + hello.minVersion()
                            + " to " + hello.maxVersion());
            return;
        }
        Upgrade current = upgrade;
        boolean ours =
                state == State.SPAWNING && current != null && current.ticket().equals(hello.ticket());
        boolean stranger = state == State.SERVING && hello.ticket().equals(Token.NONE);
        if (!ours && !stranger) {
            String reason = lifecycle.allows(Event.SUCCESSOR_CONNECTED) && state == State.SERVING
                    ? "the upgrade that started you is over"
                    : state.because();
            LOGGER.warn("graceful-netty: refused a successor (pid {}): {}", peer.pid(), reason);
            HandoffServer.refuse(
                    connection, "pid " + ProcessHandle.current().pid() + " refuses a successor: " + reason);
            return;
        }
        lifecycle.fire(Event.SUCCESSOR_CONNECTED);
        if (current == null || !ours) {
            LOGGER.info("graceful-netty: pid {} wants to take over", peer.pid());
            current = new Upgrade(control, generation + 1, settings.upgradeTimeout(), new UpgradeEvents());
            upgrade = current;
        }
        current.connected(connection, peer.pid());
    }

    @Override
    public void attach(Channel connection, Message.Attach attach) {
        Upgrade current = upgrade;
        if (current != null && current.awaits(attach.laneToken())) {
            current.attached(connection);
        } else {
            LOGGER.warn("graceful-netty: refused a descriptor connection with the wrong token");
            HandoffServer.refuse(connection, "no handoff waits for this descriptor connection");
        }
    }

    private final class UpgradeEvents implements Upgrade.Events {
        @Override
        public List<LateBindingServerChannel> listeners() {
            return register.open().stream()
                    .filter(listener -> listener.description() != null)
                    .toList();
        }

        @Override
        public void transferred() {
            lifecycle.fire(Event.TRANSFERRED);
        }

        @Override
        public void successorReady() {
            lifecycle.fire(Event.SUCCESSOR_READY);
        }

        @Override
        public void successorServing(UpgradeResult result) {
            lifecycle.fire(Event.SUCCESSOR_SERVING);
            LOGGER.info(
                    "graceful-netty: handed over to pid {} (generation {}) after {} ms, draining {} connections",
                    result.successorPid(),
                    result.generation(),
                    result.took().toMillis(),
                    connections.open().size());
            drainAndExit(true);
            if (upgradeResult != null) {
                upgradeResult.complete(result);
            }
        }

        @Override
        public void failed(String reason) {
            LOGGER.error("graceful-netty: upgrade failed, this process serves on: {}", reason);
            boolean pathLost = lifecycle.state() == State.HANDING_OVER;
            lifecycle.fire(Event.UPGRADE_FAILED);
            upgrade = null;
            CompletableFuture<UpgradeResult> waiting = upgradeResult;
            upgradeResult = null;
            removePrivatePath();
            if (pathLost) {
                takeHandoffPathBack();
            }
            if (waiting != null) {
                waiting.completeExceptionally(new HandoffException(reason));
            }
            stopIfRequested();
        }
    }

    /** A successor that died between commit and serving may have renamed its socket over ours. */
    private void takeHandoffPathBack() {
        HandoffServer ours = server;
        if (ours == null || ours.path().isOurs()) {
            return;
        }
        ours.close();
        server = null;
        try {
            bindHandoffPath();
            takeOverHandoffPath();
        } catch (IOException e) {
            LOGGER.error("graceful-netty: cannot take the handoff path back: {}", e.toString());
        }
    }

    private void removePrivatePath() {
        Path directory = privateDirectory;
        if (directory == null) {
            return;
        }
        privateDirectory = null;
        HandoffServer listening = server;
        server = null;
        if (listening != null) {
            listening.close();
        }
        try {
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            LOGGER.warn("graceful-netty: cannot remove {}: {}", directory, e.toString());
        }
    }

    // ------------------------------------------------------------------ the end

    CompletableFuture<ExitReport> stop() {
        control.execute(() -> {
            if (stopRequested) {
                Drain running = drain;
                if (running != null) {
                    running.finishNow();
                }
                return;
            }
            stopRequested = true;
            Upgrade running = upgrade;
            State state = lifecycle.state();
            if (running != null
                    && (state == State.SPAWNING || state == State.TRANSFERRING || state == State.AWAITING_READY)) {
                running.fail("the predecessor was told to stop"); // stopping goes on when that is over
            } else {
                stopIfRequested();
            }
        });
        return exit.copy();
    }

    private void stopIfRequested() {
        if (!stopRequested || !lifecycle.allows(Event.STOP)) {
            return;
        }
        Takeover from = takeover;
        if (lifecycle.state() == State.INITIALISING && from != null) {
            from.abort("the successor was told to stop");
        }
        lifecycle.fire(Event.STOP);
        ready.completeExceptionally(new HandoffException("stopped before it was ready"));
        register.closeUnclaimed();
        drainAndExit(false);
    }

    private void drainAndExit(boolean handedOver) {
        List<LateBindingServerChannel> listeners = register.open();
        CompletableFuture<Void> paused;
        if (handedOver) {
            listeners.forEach(listener -> listener.keepPath(true));
            paused = register.accept(false);
        } else {
            paused = register.accept(false)
                    .thenCompose(nothing -> CompletableFuture.allOf(listeners.stream()
                            .map(LateBindingServerChannel::closeSocket)
                            .toArray(CompletableFuture<?>[]::new)));
        }
        paused.whenComplete((nothing, failure) -> control.execute(() -> {
            Drain running = new Drain(connections, control);
            drain = running;
            running.start(settings.drainTimeout()).whenComplete((result, drainFailure) -> {
                if (drainFailure != null) {
                    exit.completeExceptionally(drainFailure);
                    return;
                }
                lifecycle.fire(Event.DRAINED);
                LOGGER.info(
                        "graceful-netty: drained {} connections in {} ms, {} of them closed by force",
                        result.connections(),
                        result.took().toMillis(),
                        result.forced());
                Upgrade last = upgrade;
                if (last != null) {
                    last.drained(result.forced());
                }
                closeListeners();
                release();
                exit.complete(new ExitReport(handedOver, result.connections(), result.forced(), result.took()));
            });
        }));
    }

    /** Closes the channels that applications wait for. */
    private void closeListeners() {
        register.open().forEach(Channel::close);
    }

    /** Everything that this runtime holds; the control loop ends after what is under way. */
    private void release() {
        removePrivatePath();
        HandoffServer listening = server;
        server = null;
        if (listening != null) {
            listening.close();
        }
        register.closeUnclaimed();
        signalHandlers.forEach(Runnable::run);
        signalHandlers.clear();
        controlGroup.shutdownGracefully(0, Duration.ofSeconds(5).toMillis(), TimeUnit.MILLISECONDS);
    }

    private <T> CompletableFuture<T> onControl(Callable<T> action) {
        CompletableFuture<T> done = new CompletableFuture<>();
        control.execute(() -> {
            try {
                done.complete(action.call());
            } catch (Exception e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    private static void join(CompletableFuture<?> future) {
        try {
            future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }
}
