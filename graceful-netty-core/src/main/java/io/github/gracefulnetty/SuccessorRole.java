// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static io.github.gracefulnetty.ProcessContext.LOGGER;

import io.github.gracefulnetty.Lifecycle.Event;
import io.github.gracefulnetty.Lifecycle.State;
import io.github.gracefulnetty.activation.Activation;
import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.process.OtherProcess;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.NativeTransport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** How this process comes to serve: alone, or by taking over. On the control loop. */
final class SuccessorRole implements Takeover.Events {
    private final ProcessContext context;
    private final HandoffEndpoint endpoint;
    private final ProcessContext.Whole whole;
    private final CompletableFuture<Void> found = new CompletableFuture<>();
    private final CompletableFuture<Void> ready = new CompletableFuture<>();

    private volatile int generation = 1;
    private boolean readyRequested;
    private @Nullable Path privatePath;
    private volatile @Nullable Takeover takeover;
    private Duration probation = Duration.ZERO;
    private final Trial trial;
    private final CompletableFuture<Void> gone = new CompletableFuture<>();

    SuccessorRole(ProcessContext context, HandoffEndpoint endpoint, ProcessContext.Whole whole) {
        this.context = context;
        this.endpoint = endpoint;
        this.whole = whole;
        this.trial = new Trial(context.control(), this::say, this::sick);
    }

    private void say(Message message) {
        if (takeover != null) {
            takeover.say(message);
        }
    }

    int generation() {
        return generation;
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
        PredecessorTicket ticket = PredecessorTicket.take();
        try {
            endpoint.check();
        } catch (IOException e) {
            throw new HandoffException(Reasons.of(e), e);
        }
        Path connectTo = ticket == null ? context.settings().handoffPath() : ticket.path();
        if (connectTo == null || !Files.exists(connectTo)) {
            startAlone(transport);
            return;
        }
        context.lifecycle().fire(Event.PREDECESSOR_FOUND);
        privatePath = connectTo.equals(context.settings().handoffPath()) ? null : connectTo;
        Token token = ticket == null ? Token.NONE : ticket.token();
        takeover = new Takeover(transport, context.control(), connectTo, token, context.settings(), this);
        takeover.start();
    }

    /** Whether the predecessor may take everything back: then it needs the paths. On any thread. */
    boolean mayBeTakenBack() {
        return takeover != null && !trial.isOver();
    }

    /** Completes on the control loop when the predecessor has drained, or is gone. */
    CompletableFuture<Void> predecessorGone() {
        if (takeover == null) {
            gone.complete(null);
        }
        return gone;
    }

    private void startAlone(NativeTransport transport) {
        context.register().inherit(Activation.take(transport, System.getenv()));
        context.register().accept(true);
        try {
            endpoint.openAlone();
        } catch (IOException e) {
            throw new HandoffException(Reasons.of(e), e);
        }
        found.complete(null);
    }

    @Override
    public void nobody() {
        context.lifecycle().fire(Event.PREDECESSOR_LOST);
        takeover = null;
        try {
            startAlone(transport());
        } catch (RuntimeException e) {
            found.completeExceptionally(e);
        }
    }

    @Override
    public void failed(HandoffException reason) {
        context.lifecycle().fire(Event.ABORTED);
        found.completeExceptionally(reason);
    }

    private NativeTransport transport() {
        return Objects.requireNonNull(context.transport(), "transport");
    }

    @Override
    public void received(Takeover from, Takeover.Received what) {
        context.lifecycle().fire(Event.RECEIVED);
        generation = from.generation();
        context.states().inherit(what.states());
        try {
            inherit(what.descriptors());
            inheritActivated(transport());
            found.complete(null);
        } catch (RuntimeException e) {
            found.completeExceptionally(e);
        }
        whole.stopIfRequested();
    }

    @Override
    public void receivedMore(List<Inherited> descriptors) {
        inherit(descriptors);
    }

    private void inherit(List<Inherited> descriptors) {
        try {
            context.register().inherit(context.migration().inherit(descriptors));
        } catch (RuntimeException e) {
            descriptors.forEach(descriptor -> descriptor.descriptor().close());
            throw e;
        }
    }

    private void inheritActivated(NativeTransport transport) {
        for (Inherited activated : Activation.take(transport, System.getenv())) {
            if (context.register().offers(activated.description())) {
                activated.descriptor().close(); // the predecessor handed on the same socket
            } else {
                context.register().inherit(List.of(activated));
            }
        }
    }

    void ready() {
        if (readyRequested) {
            return;
        }
        readyRequested = true;
        Takeover from = takeover;
        if (context.lifecycle().state() == State.INITIALISING && from != null) {
            try {
                endpoint.prepare();
            } catch (IOException e) {
                from.abort(Reasons.of(e));
                fail(Reasons.of(e));
                return;
            }
            context.lifecycle().fire(Event.READY);
            from.ready();
        } else if (context.lifecycle().state() == State.STARTING) {
            try {
                endpoint.serves();
            } catch (IOException e) {
                readyRequested = false;
                ready.completeExceptionally(new HandoffException(Reasons.of(e), e));
                return;
            }
            context.lifecycle().fire(Event.READY);
            serve();
        } else {
            ready.completeExceptionally(new HandoffException(
                    "not ready: " + context.lifecycle().state().because()));
        }
    }

    /** The application was told to stop before it said ready: the predecessor goes on. */
    void stopping() {
        if (context.lifecycle().state() == State.INITIALISING && takeover != null) {
            takeover.abort("the successor was told to stop");
        }
        ready.completeExceptionally(new HandoffException("stopped before it was ready"));
    }

    /** The listeners are ours to accept on. */
    private void serve() {
        // A predecessor on whom we are on probation keeps what we do not want, and its paths, until that is over.
        List<Inherited> unclaimed = context.register().closeUnclaimed(takeover == null);
        if (!unclaimed.isEmpty()) {
            LOGGER.warn(
                    "graceful-netty: inherited, but not bound by this version, so closed: {}",
                    unclaimed.stream().map(Inherited::description).toList());
        }
        context.register().keepPaths(false);
        context.register()
                .accept(true)
                .whenComplete((nothing, failure) -> context.onControl(() -> accepting(unclaimed), ready));
    }

    private void accepting(List<Inherited> unclaimed) {
        say(new Message.Serving(unclaimed.stream()
                .map(Inherited::index)
                .filter(index -> index >= 0)
                .toList()));
        if (takeover != null) {
            trial.begin(probation, context.settings().probationCheck());
        }
        context.migration().begin(takeover == null ? 0 : takeover.peerPid());
        ready.complete(null);
        context.manager().serving("generation " + generation + " serves");
        whole.serving();
        // After that, as the first log line of a process takes it tens of milliseconds.
        LOGGER.info(
                "graceful-netty: generation {} serves (pid {}), listeners {}, {}{}",
                generation,
                ProcessHandle.current().pid(),
                context.register().describe(),
                context.settings(),
                context.transport() == null
                        ? ""
                        : ", transport=" + context.transport().name());
    }

    private void fail(String reason) {
        context.lifecycle().fire(Event.ABORTED);
        LOGGER.error("graceful-netty: this process does not take over: {}", reason);
        HandoffException failure = new HandoffException(reason);
        ready.completeExceptionally(failure);
        whole.takeoverFailed(failure);
    }

    @Override
    public void committed(Duration probationTime) {
        Takeover from = takeover;
        if (context.lifecycle().state() != State.COMMITTING || from == null) {
            return;
        }
        try {
            endpoint.takeOver();
        } catch (IOException e) {
            String reason = "cannot take over the handoff path or the PID file: " + e;
            from.abort(reason);
            fail(reason);
            return;
        }
        probation = probationTime;
        context.lifecycle().fire(Event.COMMITTED);
        serve();
        whole.stopIfRequested();
    }

    @Override
    public void aborted(String reason) {
        if (context.lifecycle().allows(Event.ABORTED)) {
            fail(reason);
        } else if (!trial.isOver()) {
            takenBack(reason);
        }
    }

    @Override
    public void settled() {
        trial.over("the predecessor takes nothing back any more");
        if (context.lifecycle().state() == State.GIVING_BACK) {
            context.lifecycle().fire(Event.PREDECESSOR_LOST);
            whole.stopIfRequested();
        }
    }

    @Override
    public void takenBack(String reason) {
        trial.takenBack();
        gone.complete(null);
        whole.givenBack(reason);
    }

    /** This process begins to be replaced, or ends: nobody need watch it any more. */
    void settle() {
        trial.settle();
    }

    /** Tells the predecessor how many generations are newer than it is. */
    void tellAge(int generations) {
        say(new Message.Age(generations));
    }

    private void sick(String reason) {
        rollBack("its own check says: " + reason, new CompletableFuture<>());
    }

    /** Asks the predecessor to serve again. */
    void rollBack(String reason, CompletableFuture<Void> result) {
        if (!trial.isOn() || !context.lifecycle().allows(Event.GIVE_BACK)) {
            result.completeExceptionally(
                    new HandoffException("nothing can be given back: this process is not on" + " probation"
                            + (trial.isOn() ? ", " + context.lifecycle().state().because() : "")));
            return;
        }
        LOGGER.error("graceful-netty: this process gives back to its predecessor: {}", reason);
        context.lifecycle().fire(Event.GIVE_BACK);
        trial.rollBack(reason, result, this::settled);
    }

    /** A predecessor that lives has cut the connection, and serves; one that is dead leaves all to this process. */
    @Override
    public void predecessorLost() {
        Takeover from = takeover;
        boolean serves = !context.lifecycle().allows(Event.ABORTED);
        if (from == null || (serves && trial.isOver())) {
            gone.complete(null);
            return;
        }
        OtherProcess.whenDecided(from.peerPid(), context.control().loop(), isDead -> {
            if (!isDead) {
                String reason = "the predecessor (pid " + from.peerPid() + ") has hung up, and lives";
                aborted(reason);
            } else if (context.lifecycle().allows(Event.ABORTED)) {
                goOnAlone();
            } else {
                gone.complete(null);
                settled();
            }
        });
    }

    private void goOnAlone() {
        LOGGER.warn("graceful-netty: the predecessor is gone, this process goes on with its listeners");
        boolean wasReady = context.lifecycle().state() == State.COMMITTING;
        endpoint.removeOrphan(privatePath);
        context.lifecycle().fire(Event.PREDECESSOR_LOST);
        takeover = null;
        try {
            endpoint.prepare();
            endpoint.takeOver();
        } catch (IOException e) {
            LOGGER.error("graceful-netty: no upgrade through the handoff path is possible any more: {}", e.toString());
        }
        if (wasReady) {
            serve();
        }
        whole.stopIfRequested();
    }

    @Override
    public void drained(long forced) {
        trial.over("the predecessor is gone");
        gone.complete(null);
        LOGGER.info("graceful-netty: the predecessor has drained, {} connections were closed by force", forced);
    }
}
