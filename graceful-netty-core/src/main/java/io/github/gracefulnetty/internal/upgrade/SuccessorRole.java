// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.activation.Activation;
import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.process.OtherProcess;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.upgrade.Phases.Event;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.NativeTransport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** How this process comes to serve: alone, or by taking over. On the control loop. */
final class SuccessorRole implements Takeover.Owner, Proving.Predecessor {
    /** The first generation whose predecessor may have had a predecessor that drains still. */
    private static final int THIRD = 3;

    /** How long a process that drains takes to see that its successor is dead, and to serve again. */
    private static final Duration TIME_TO_SERVE_AGAIN = Duration.ofSeconds(2);

    private final Parts parts;
    private final HandoffEndpoint endpoint;
    private final Whole whole;
    private final Proving proving;
    private final CompletableFuture<Void> found = new CompletableFuture<>();
    private final CompletableFuture<Void> ready = new CompletableFuture<>();

    /** The process before this one, while that matters. */
    private volatile Optional<Takeover> predecessor = Optional.empty();

    SuccessorRole(Parts parts, HandoffEndpoint endpoint, Whole whole) {
        this.parts = parts;
        this.endpoint = endpoint;
        this.whole = whole;
        this.proving = new Proving(parts, whole, this);
    }

    Proving proving() {
        return proving;
    }

    int generation() {
        Optional<Takeover> before = predecessor;
        return before.isPresent() ? before.get().generation() : 1;
    }

    CompletableFuture<Void> readyFuture() {
        return ready;
    }

    /** Completes on the control loop when {@link #findPredecessor} has got what there is. */
    CompletableFuture<Void> foundFuture() {
        return found;
    }

    /** Gets the listeners of the predecessor if there is one, else those of the service manager. */
    void findPredecessor(NativeTransport transport) {
        Optional<PredecessorTicket> ticket = PredecessorTicket.take();
        try {
            endpoint.check();
        } catch (IOException e) {
            throw new HandoffException(Reasons.of(e), e);
        }
        Path connectTo =
                ticket.isPresent() ? ticket.get().path() : parts.settings().handoffPath();
        if (connectTo == null || !Files.exists(connectTo)) {
            startAlone(transport);
            return;
        }
        Token token = ticket.isPresent() ? ticket.get().token() : Token.NONE;
        Takeover takeover = new Takeover(transport, parts.control(), connectTo, token, parts.settings(), this);
        predecessor = Optional.of(takeover);
        parts.phases().enter(Event.PREDECESSOR_FOUND, new Phase.Receiving(takeover));
        takeover.start();
    }

    /** Completes on the control loop when the predecessor has drained, or is gone. */
    CompletableFuture<Void> predecessorGone() {
        return predecessor.map(Takeover::gone).orElseGet(() -> CompletableFuture.completedFuture(null));
    }

    /** Whether a predecessor may serve again: then it needs the paths. On any thread. */
    boolean mayBeRolledBack() {
        Optional<Takeover> before = predecessor;
        return !proving.isOver() || (before.isPresent() && !before.get().gone().isDone());
    }

    @Override
    public void say(Message message) {
        Optional<Takeover> before = predecessor;
        if (before.isPresent()) {
            before.get().say(message);
        }
    }

    /** Tells the predecessor, if it is there, how many generations are newer than it is. */
    void tellAge(int generations) {
        say(new Message.Age(generations));
    }

    /** This process ends, as it was told to: no predecessor serves again because of that. */
    void leaves() {
        say(new Message.Abort("the successor was told to stop"));
    }

    /** The JVM ends in the middle of a takeover: the predecessor hears why, if that is known. On any thread. */
    void endsAbruptly() {
        CompletableFuture<Void> told = new CompletableFuture<>();
        parts.onControl(
                () -> {
                    // Otherwise its exit status says more.
                    Optional<String> reason = parts.register().whyNotBound();
                    if (reason.isPresent() && parts.phases().current() instanceof Phase.TakingOver takingOver) {
                        takingOver.takeover().abort(reason.get());
                    }
                    told.complete(null);
                },
                told);
        told.exceptionally(late -> null)
                .completeOnTimeout(null, 1, TimeUnit.SECONDS)
                .join();
    }

    private void startAlone(NativeTransport transport) {
        parts.register().inherit(Activation.take(transport, System.getenv()));
        parts.register().accept(true);
        try {
            endpoint.openAlone();
        } catch (IOException e) {
            throw new HandoffException(Reasons.of(e), e);
        }
        found.complete(null);
    }

    /** Something that nobody expected has happened: a takeover that runs fails. */
    void unexpected(Throwable t) {
        if (parts.phases().current() instanceof Phase.TakingOver takingOver) {
            giveUp(takingOver.takeover(), "unexpected: " + Reasons.of(t), t);
        }
    }

    /** This process cannot take over: tells the predecessor, which serves on. */
    void giveUp(Takeover takeover, String reason, Throwable cause) {
        Guard.quietly(() -> takeover.abort(reason));
        fail(new HandoffException(reason, cause));
    }

    /** The predecessor does not let this process take over, or this process cannot. */
    private void fail(HandoffException reason) {
        boolean building = !found.isDone();
        Guard.all(
                () -> parts.phases().leave(Event.ABORTED, new Phase.Failed()),
                () -> {
                    if (!building) { // else whoever builds is told
                        LOGGER.error("graceful-netty: this process does not take over: {}", Reasons.of(reason));
                    }
                },
                () -> ready.completeExceptionally(reason),
                () -> {
                    if (building) {
                        found.completeExceptionally(reason); // whoever builds ends this runtime
                    } else {
                        whole.takeoverFailed(reason);
                    }
                });
    }

    @Override
    public void welcomed(Takeover takeover) {
        if (takeover.peerPid() == ProcessHandle.current().pid()
                && !parts.settings().allowSameProcess()) {
            giveUp(
                    takeover,
                    "this process itself serves at unix:" + takeover.path()
                            + ": give each Graceful of one process a handoffPath of its own",
                    new IllegalStateException("predecessor and successor are one process"));
        }
    }

    @Override
    public void absent(Takeover takeover) {
        startAnew();
    }

    private void startAnew() {
        parts.phases().leave(Event.PREDECESSOR_LOST, new Phase.Starting());
        predecessor = Optional.empty();
        Guard.run(() -> startAlone(transport()), found::completeExceptionally);
        whole.stopIfRequested();
    }

    @Override
    public void failed(Takeover takeover, String reason) {
        if (parts.phases().current() instanceof Phase.TakingOver) {
            fail(new HandoffException(reason));
        } else if (!proving.isOver()) {
            rolledBack(takeover, reason);
        }
    }

    /** The predecessor sees no more than that this process is silent; what it waits for is known here. */
    @Override
    public void late(Takeover takeover) {
        if (parts.phases().current() instanceof Phase.Initialising) {
            List<Description> unclaimed = parts.register().unclaimedSockets();
            giveUp(
                    takeover,
                    "its application has not called ready() in time"
                            + parts.register()
                                    .whyNotBound()
                                    .map(why -> "; " + why)
                                    .orElse("")
                            + (unclaimed.isEmpty() ? "" : "; inherited and not bound: " + unclaimed),
                    new IllegalStateException("not ready"));
        }
    }

    @Override
    public void timedOut(Takeover takeover) {
        giveUp(
                takeover,
                takeover.predecessor() + " neither let this process go on nor gave up within "
                        + takeover.limit().toMillis() + " ms",
                new IllegalStateException("no answer"));
    }

    private NativeTransport transport() {
        return Objects.requireNonNull(parts.transport(), "transport");
    }

    @Override
    public void received(Takeover takeover, List<Inherited> descriptors, Map<String, byte[]> states) {
        if (!(parts.phases().current() instanceof Phase.Receiving)) {
            inherit(descriptors);
            return;
        }
        parts.phases().enter(Event.RECEIVED, new Phase.Initialising(takeover));
        try {
            parts.states().inherit(states);
            parts.register().keepPaths(true);
            inherit(descriptors);
            inheritActivated(transport());
            found.complete(null);
        } catch (Throwable t) {
            found.completeExceptionally(t);
        }
        whole.stopIfRequested();
    }

    private void inherit(List<Inherited> descriptors) {
        try {
            parts.register().inherit(parts.migration().inherit(descriptors));
        } catch (Throwable t) {
            descriptors.forEach(descriptor -> descriptor.descriptor().close());
            throw t;
        }
    }

    private void inheritActivated(NativeTransport transport) {
        for (Inherited activated : Activation.take(transport, System.getenv())) {
            if (parts.register().offers(activated.description())) {
                activated.descriptor().close(); // the predecessor handed over the same socket
            } else {
                parts.register().inherit(List.of(activated));
            }
        }
    }

    /** The application has initialised. */
    void ready() {
        Phase phase = parts.phases().current();
        if (phase instanceof Phase.Initialising initialising) {
            takeOver(initialising.takeover());
        } else if (phase instanceof Phase.Starting) {
            Guard.run(
                    () -> {
                        endpoint.pidFile().publish();
                        parts.phases().enter(Event.READY, new Phase.Serving());
                        serve(Optional.empty());
                    },
                    t -> ready.completeExceptionally(new HandoffException(Reasons.of(t), t)));
        } else if (phase instanceof Phase.Stopping || phase instanceof Phase.Exited || phase instanceof Phase.Failed) {
            ready.completeExceptionally(new HandoffException("not ready: " + phase.because()));
        }
    }

    private void takeOver(Takeover takeover) {
        List<Description> unclaimed = parts.register().unclaimedSockets();
        boolean bindsNone = parts.register().claimedSockets() == 0 && !unclaimed.isEmpty();
        boolean hasClosedAll = parts.register().hasClosedAll();
        if ((bindsNone || hasClosedAll) && !parts.settings().allowDroppedListeners()) {
            giveUp(
                    takeover,
                    (hasClosedAll
                                    ? "all of the predecessor's listeners that were bound are closed again"
                                    : "none of the predecessor's listeners was bound before ready(): it has "
                                            + unclaimed
                                            + ", this process "
                                            + parts.register().describe())
                            + "; bind before ready(), or set allowDroppedListeners if they are to go",
                    new IllegalStateException("no listener was claimed"));
            return;
        }
        try {
            endpoint.prepare();
            parts.phases().enter(Event.READY, new Phase.Committing(takeover));
            takeover.say(new Message.Ready());
        } catch (Throwable t) {
            giveUp(takeover, Reasons.of(t), t);
        }
    }

    /** The application was told to stop before it served: the predecessor goes on. */
    void stopping() {
        if (parts.phases().current() instanceof Phase.TakingOver takingOver) {
            takingOver.takeover().abort(parts.register().whyNotBound().orElse("the successor was told to stop"));
        }
        ready.completeExceptionally(new HandoffException("stopped before it served"));
    }

    /** The application says that it cannot serve. {@code false} if this process serves already. */
    boolean cannotStart(Throwable cause) {
        String reason = "its application failed: " + Reasons.root(cause);
        if (parts.phases().current() instanceof Phase.TakingOver takingOver) {
            giveUp(takingOver.takeover(), reason, cause);
            return true;
        }
        return false;
    }

    /** The listeners are ours to accept on. */
    private void serve(Optional<Takeover> from) {
        parts.register().keepPaths(from.isPresent()); // until probation is over
        parts.register().accept(true).whenComplete((nothing, failure) -> parts.onControl(() -> accepting(from), ready));
    }

    private void accepting(Optional<Takeover> from) {
        if (from.isPresent()) {
            proving.begin();
        } else {
            proving.closeUnclaimed(true);
        }
        parts.migration().begin(from.isPresent() ? from.get().peerPid() : 0);
        ready.complete(null);
        if (whole.isToEnd()) {
            proving.settle(); // a stop has waited for this
            whole.stopIfRequested();
        }
        parts.manager().serving("generation " + generation() + " serves");
        whole.serving();
        // After that, as the first log line of a process takes it tens of milliseconds.
        LOGGER.info(
                "graceful-netty: generation {} serves (pid {}), listeners {}, {}{}",
                generation(),
                ProcessHandle.current().pid(),
                parts.register().describe(),
                parts.settings(),
                parts.transport() == null
                        ? ""
                        : ", transport=" + parts.transport().name());
    }

    @Override
    public boolean said(Takeover takeover, Message message) {
        if (message instanceof Message.Commit commit) {
            // Not yet: it may have been taken back while this process was stopped, and that is read next.
            Duration probation = Duration.ofMillis(commit.probationMillis());
            parts.control().execute(() -> committed(takeover, probation));
        } else if (message instanceof Message.Confirmed) {
            proving.confirmed();
        } else if (message instanceof Message.RolledBack rolledBack) {
            takeover.end();
            rolledBack(takeover, rolledBack.reason());
        } else if (message instanceof Message.Drained drained) {
            takeover.end();
            proving.over("the predecessor is gone");
            takeover.gone().complete(null);
            LOGGER.info(
                    "graceful-netty: the predecessor has drained, {} connections were closed by force",
                    drained.forced());
        } else {
            return false;
        }
        return true;
    }

    private void committed(Takeover takeover, Duration probation) {
        if (!(parts.phases().current() instanceof Phase.Committing)) {
            return;
        }
        try {
            endpoint.takeOver();
        } catch (Throwable t) {
            giveUp(takeover, "cannot take over the handoff path or the PID file: " + Reasons.of(t), t);
            return;
        }
        takeover.committed();
        Phase serving = new Phase.Serving(Optional.of(proving.trial(probation)));
        try {
            parts.phases().enter(Event.COMMITTED, serving);
            serve(Optional.of(takeover));
        } catch (Throwable t) {
            Guard.log(t);
            String reason = "unexpected: " + Reasons.of(t);
            if (parts.phases().current() instanceof Phase.Serving) {
                takeover.abort(reason);
                rolledBack(takeover, reason);
            } else {
                giveUp(takeover, reason, t);
            }
        }
        whole.stopIfRequested();
    }

    private void rolledBack(Takeover takeover, String reason) {
        proving.rolledBack();
        takeover.gone().complete(null);
        whole.rolledBack(reason);
    }

    /** A predecessor that lives has cut the connection, and serves; one that is dead leaves all to this process. */
    @Override
    public void hungUp(Takeover takeover) {
        Phase phase = parts.phases().current();
        if (phase instanceof Phase.Receiving) {
            // It died: what it had is free, or bound by somebody else.
            unlessAnotherServes(takeover, this::startAnew);
            return;
        }
        if (!(phase instanceof Phase.TakingOver) && proving.isOver()) {
            takeover.gone().complete(null);
            return;
        }
        OtherProcess.whenKnown(
                takeover.peerPid(),
                parts.control().loop(),
                fate -> Guard.run(() -> decideInTime(takeover, fate), this::unexpected));
    }

    /** One that cannot be seen, and serves again, hangs up before it takes the path back. */
    private void decideInTime(Takeover takeover, OtherProcess.Fate fate) {
        if (fate == OtherProcess.Fate.UNKNOWN && endpoint.isPublished(takeover.path())) {
            parts.control().schedule(() -> decide(takeover, fate), TIME_TO_SERVE_AGAIN);
        } else {
            decide(takeover, fate);
        }
    }

    private void decide(Takeover takeover, OtherProcess.Fate fate) {
        // One that cannot be seen, and serves again, listens where this process listens otherwise.
        boolean lives = fate == OtherProcess.Fate.ALIVE
                || (fate == OtherProcess.Fate.UNKNOWN
                        && !endpoint.isPublished(takeover.path())
                        && HandoffEndpoint.somebodyListens(takeover.path()));
        if (lives) {
            failed(
                    takeover,
                    "the predecessor (" + OtherProcess.describe(takeover.peerPid()) + ") has hung up, and lives");
        } else if (parts.phases().current() instanceof Phase.TakingOver) {
            unlessAnotherServes(takeover, () -> goOnAlone(takeover));
        } else {
            takeover.gone().complete(null);
            proving.over("the predecessor is gone");
        }
    }

    /**
     * The predecessor is dead. If it drained before that, and had a predecessor itself, that may serve again: then it takes
     * the path, and this process leaves everything to it.
     */
    private void unlessAnotherServes(Takeover takeover, Runnable goOn) {
        if (takeover.generation() < THIRD) {
            goOn.run();
            return;
        }
        parts.control()
                .schedule(
                        () -> endpoint.whoListens(takeover.path(), other -> goOnUnless(takeover, other, goOn)),
                        TIME_TO_SERVE_AGAIN);
    }

    private void goOnUnless(Takeover takeover, long other, Runnable goOn) {
        if (!(parts.phases().current() instanceof Phase.TakingOver now) || now.takeover() != takeover) {
            return; // it was told to stop meanwhile
        }
        boolean unseen = other == 0 && HandoffEndpoint.somebodyListens(takeover.path());
        if (unseen || (other != 0 && other != ProcessHandle.current().pid())) {
            fail(new HandoffException("the predecessor is dead, and its own predecessor, "
                    + OtherProcess.describe(other) + ", serves again"));
        } else {
            goOn.run();
        }
    }

    private void goOnAlone(Takeover takeover) {
        LOGGER.warn("graceful-netty: the predecessor is gone, this process goes on with its listeners");
        boolean wasReady = parts.phases().current() instanceof Phase.Committing;
        parts.register().keepPaths(false);
        if (!takeover.path().equals(parts.settings().handoffPath())) {
            endpoint.removeOrphan(takeover.path());
        }
        parts.phases().leave(Event.PREDECESSOR_LOST, wasReady ? new Phase.Serving() : new Phase.Starting());
        takeover.gone().complete(null);
        try {
            endpoint.prepare();
            endpoint.takeOver();
        } catch (Throwable t) {
            LOGGER.error("graceful-netty: no upgrade through the handoff path is possible any more: {}", Reasons.of(t));
        }
        if (wasReady) {
            serve(Optional.empty());
        }
        whole.stopIfRequested();
    }
}
