// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.connections.Drain;
import io.github.gracefulnetty.internal.process.Deployment;
import io.github.gracefulnetty.internal.process.OtherProcess;
import io.github.gracefulnetty.internal.transfer.Deadline;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.HandoffServer;
import io.github.gracefulnetty.internal.transfer.OutgoingTransfer;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.upgrade.Phases.Event;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.netty.channel.Channel;
import io.netty.channel.unix.PeerCredentials;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** How this process is replaced: by a successor that it starts, or by one that comes. On the control loop. */
final class PredecessorRole implements HandoffServer.Receptionist, Handover.Owner, UpgradeFailure.Owner {
    private static final String ABOUT_TO_SERVE = "it takes over itself, and has only just begun to accept";

    private final Parts parts;
    private final Whole whole;
    private final HandoffEndpoint endpoint;
    private final Departing departing;
    private final Set<DescriptorSender.Item> offered = Collections.newSetFromMap(new IdentityHashMap<>());

    PredecessorRole(Parts parts, Whole whole) {
        this.parts = parts;
        this.whole = whole;
        this.endpoint = new HandoffEndpoint(parts.transport(), parts.control(), parts.settings(), this);
        this.departing = new Departing(parts, whole, endpoint);
    }

    HandoffEndpoint endpoint() {
        return endpoint;
    }

    Departing departing() {
        return departing;
    }

    /**
     * Starts a successor.
     *
     * @param why who asked for it, for the log
     */
    void upgrade(String why, CompletableFuture<Replacement> result) {
        Phase phase = parts.phases().current();
        if (!(phase instanceof Phase.Serving)) {
            refuse(result, phase.because());
            return;
        }
        if (whole.isAboutToServe()) {
            refuse(result, ABOUT_TO_SERVE);
            return;
        }
        if (parts.transport() == null) {
            refuse(result, "there is no native transport (" + parts.transportProblem() + ")");
            return;
        }
        Handover handover = handover(result);
        try {
            whole.upgradeBegins();
            parts.phases().enter(Event.UPGRADE_REQUESTED, new Phase.Spawning(handover));
        } catch (Throwable t) {
            begun(handover, t);
            return;
        }
        try {
            LOGGER.info("graceful-netty: upgrade {}: {}", handover.name(), why);
            parts.manager().upgrading();
            Path path = path();
            SuccessorProcess started = SuccessorProcess.start(
                    parts.settings().upgradeCommand(),
                    new PredecessorTicket(ProcessHandle.current().pid(), handover.ticket(), path),
                    Deployment.ofThisProcess());
            handover.started(started);
            step(handover, "started pid " + started.pid());
        } catch (Throwable t) {
            String reason = "cannot start the successor: " + Reasons.of(t);
            fail(handover, reason, false, new HandoffException(reason, t));
        }
        // Now, as the successor starts meanwhile; and when it cannot be started, this may be why.
        Guard.quietly(this::warnOfProblems);
    }

    private void warnOfProblems() {
        for (String problem : Deployment.ofThisProcess().problems()) {
            LOGGER.warn("graceful-netty: {}", problem);
        }
    }

    private Path path() {
        try {
            return endpoint.pathForUpgrade();
        } catch (Throwable t) {
            throw new HandoffException("there is no way for it to connect: " + Reasons.of(t), t);
        }
    }

    private Handover handover(CompletableFuture<Replacement> result) {
        return new Handover(
                parts.control(), whole.generation() + 1, parts.settings().upgradeTimeout(), this, result);
    }

    private static void step(Handover handover, String what) {
        LOGGER.info("graceful-netty: upgrade {}: {} after {} ms", handover.name(), what, handover.elapsedMillis());
    }

    private static void refuse(CompletableFuture<Replacement> result, String reason) {
        LOGGER.warn("graceful-netty: upgrade refused: {}", reason);
        result.completeExceptionally(new HandoffException("upgrade refused: " + reason));
    }

    /** Ends the upgrade that is running, if there is one and its successor has not been told to go on. */
    boolean cancel(String reason) {
        Phase phase = parts.phases().current();
        if (!(phase instanceof Phase.Upgrading upgrading)
                || phase instanceof Phase.HandingOver
                || phase instanceof Phase.Failing) {
            return false;
        }
        fail(upgrading.handover(), reason, false);
        return true;
    }

    /** Something that nobody expected has happened: an upgrade that runs fails, whatever its phase. */
    void unexpected(Throwable t) {
        if (parts.phases().current() instanceof Phase.Upgrading upgrading) {
            String reason = "unexpected: " + Reasons.of(t);
            if (upgrading instanceof Phase.Failing) {
                over(new UpgradeFailure(this, parts.control(), upgrading.handover(), reason, t));
            } else {
                fail(upgrading.handover(), reason, false, t);
            }
        }
    }

    @Override
    public void hello(Channel connection, PeerCredentials peer, Message.Hello hello) {
        String refusal = refusal(peer, hello);
        if (!refusal.isEmpty()) {
            HandoffServer.refuse(connection, "pid " + ProcessHandle.current().pid() + " " + refusal);
            return;
        }
        CompletableFuture<Replacement> nobodyAsked = new CompletableFuture<>();
        Handover handover = parts.phases().current() instanceof Phase.Spawning spawning
                ? spawning.handover()
                : handover(nobodyAsked);
        try {
            boolean ours = parts.phases().current() instanceof Phase.Spawning;
            if (!ours) {
                whole.upgradeBegins();
            }
            parts.phases().enter(Event.SUCCESSOR_CONNECTED, new Phase.Transferring(handover));
            if (!ours) {
                LOGGER.info(
                        "graceful-netty: upgrade {}: {} wants to take over",
                        handover.name(),
                        OtherProcess.describe(peer.pid()));
                parts.manager().upgrading();
            }
            handover.connected(connection, peer.pid());
            step(handover, OtherProcess.describe(peer.pid()) + " has connected");
        } catch (Throwable t) {
            HandoffServer.refuse(connection, "unexpected: " + Reasons.of(t));
            begun(handover, t);
        }
    }

    /** Why this one cannot take over now; empty if it can. */
    private String refusal(PeerCredentials peer, Message.Hello hello) {
        if (hello.purpose() != Message.Purpose.TAKE_OVER) {
            return "waits for a successor here, it offers nothing to those who only receive";
        }
        Settings settings = parts.settings();
        String own = settings.application();
        if (!own.isEmpty() && !hello.application().isEmpty() && !own.equals(hello.application())) {
            return refused(
                    peer,
                    "refuses: unix:" + settings.handoffPath() + " belongs to application '" + own + "', not to '"
                            + hello.application() + "': point each at a path of its own");
        }
        if (peer.pid() == ProcessHandle.current().pid() && !settings.allowSameProcess()) {
            return refused(
                    peer,
                    "refuses: this process itself serves at unix:" + settings.handoffPath()
                            + ": give each Graceful of one process a path of its own");
        }
        Phase phase = parts.phases().current();
        boolean stranger = hello.ticket().equals(Token.NONE);
        if (phase instanceof Phase.Spawning spawning
                && spawning.handover().ticket().equals(hello.ticket())) {
            return "";
        }
        if (stranger && settings.ownSuccessorsOnly()) {
            return refused(peer, "refuses: ownSuccessorsOnly is set, and it did not start you");
        }
        if (whole.isAboutToServe()) {
            return refused(peer, "refuses a successor now: " + ABOUT_TO_SERVE);
        }
        if (stranger && phase instanceof Phase.Serving) {
            return "";
        }
        return refused(
                peer,
                "refuses a successor now: "
                        + (phase instanceof Phase.Serving ? "the upgrade that started you is over" : phase.because()));
    }

    private static String refused(PeerCredentials peer, String reason) {
        LOGGER.warn("graceful-netty: {} is no successor, this process {}", OtherProcess.describe(peer.pid()), reason);
        return reason;
    }

    @Override
    public void attach(Channel connection, PeerCredentials peer, Message.Attach attach) {
        if (parts.phases().current() instanceof Phase.Transferring transferring
                && transferring.handover().successorPid() == peer.pid()
                && transferring.handover().awaits(attach.laneToken())) {
            Handover handover = transferring.handover();
            handover.attached(connection);
            try {
                send(handover);
            } catch (Throwable t) {
                fail(handover, "unexpected: " + Reasons.of(t), false, t);
            }
        } else {
            LOGGER.warn("graceful-netty: refused a descriptor connection that does not belong to a handoff");
            HandoffServer.refuse(connection, "no handoff waits for this descriptor connection");
        }
    }

    private void send(Handover handover) {
        List<DescriptorSender.Item> items = parts.handedOver();
        offered.clear();
        offered.addAll(items);
        items.addAll(parts.migration().offer());
        parts.states().collect().whenComplete(new Collecting(this, handover, items));
    }

    /** With a name, as what follows: a process that hands over for the first time makes lambdas of such shapes slowly. */
    private record Collecting(PredecessorRole role, Handover handover, List<DescriptorSender.Item> items)
            implements BiConsumer<@Nullable Map<String, InputStream>, @Nullable Throwable> {
        @Override
        public void accept(@Nullable Map<String, InputStream> states, @Nullable Throwable failure) {
            role.parts.control().execute(new Collected(this, states, failure));
        }
    }

    private record Collected(
            Collecting what,
            @Nullable Map<String, InputStream> states,
            @Nullable Throwable failure) implements Runnable {
        @Override
        public void run() {
            what.role().collected(what, states, failure);
        }
    }

    private void collected(Collecting what, @Nullable Map<String, InputStream> states, @Nullable Throwable failure) {
        Handover handover = what.handover();
        if (states == null) {
            Throwable cause = failure == null ? new IllegalStateException("no states") : failure;
            fail(handover, Reasons.of(cause), false, cause);
        } else if (isIn(handover, Phase.Transferring.class)) {
            handover.send(new OutgoingTransfer.Contents(states, what.items()));
        }
    }

    private boolean isIn(Handover handover, Class<? extends Phase.Upgrading> phase) {
        return phase.isInstance(parts.phases().current())
                && ((Phase.Upgrading) parts.phases().current()).handover() == handover;
    }

    /** Something was opened: a successor that is on its way gets it, too. */
    void opened() {
        Phase phase = parts.phases().current();
        boolean inTime = phase instanceof Phase.Transferring || phase instanceof Phase.AwaitingReady;
        if (inTime
                && phase instanceof Phase.Upgrading upgrading
                && upgrading.handover().isAttached()) {
            List<DescriptorSender.Item> added = new ArrayList<>(parts.handedOver());
            added.removeAll(offered);
            offered.addAll(added);
            if (!added.isEmpty()) {
                upgrading.handover().add(added);
            }
        }
    }

    @Override
    public void sent(Handover handover) {
        if (isIn(handover, Phase.Transferring.class)) {
            parts.phases().enter(Event.TRANSFERRED, new Phase.AwaitingReady(handover));
            step(handover, handover.successor() + " has " + handover.items().size() + " descriptors");
        } else if (isIn(handover, Phase.AwaitingReady.class) && handover.mayGoOn()) {
            goOn(handover);
        }
    }

    @Override
    public boolean said(Handover handover, Message message) {
        Phase phase = parts.phases().current();
        if (message instanceof Message.Ready && isIn(handover, Phase.AwaitingReady.class)) {
            handover.saidReady();
            if (handover.mayGoOn()) {
                goOn(handover);
            }
        } else if (message instanceof Message.Serving serving && isIn(handover, Phase.HandingOver.class)) {
            serving(handover, serving.unclaimed());
        } else if (phase instanceof Phase.Replaced replaced
                && replaced.departure().handover() == handover) {
            return replaced.departure().watch().said(message);
        } else {
            return false;
        }
        return true;
    }

    private void goOn(Handover handover) {
        parts.phases().enter(Event.SUCCESSOR_READY, new Phase.HandingOver(handover));
        parts.manager().handingOver(handover.successorPid());
        handover.commit(parts.settings().probation());
        step(handover, handover.successor() + " is ready");
    }

    private void serving(Handover handover, List<Integer> unclaimed) {
        List<DescriptorSender.Item> abandoned;
        try {
            abandoned = Departing.items(handover, unclaimed);
        } catch (IllegalArgumentException e) {
            fail(handover, handover.successor() + " " + e.getMessage(), false);
            return;
        }
        Replacement successor = new Replacement(
                handover.successorPid(),
                handover.generation(),
                Duration.ofMillis(handover.elapsedMillis()),
                new CompletableFuture<>());
        Drain drain = whole.newDrain(parts.migration().mover()).hold();
        Departure departure = departing.departure(handover, successor, drain);
        try {
            parts.phases().enter(Event.SUCCESSOR_SERVING, new Phase.OnProbation(departure));
            departing.begin(departure, abandoned);
            handover.result().complete(successor);
        } catch (Throwable t) {
            Guard.log(t);
            String reason = "unexpected: " + Reasons.of(t);
            handover.result().completeExceptionally(new HandoffException(reason, t));
            fail(handover, reason, false);
            departing.failed(departure, reason);
        }
    }

    @Override
    public void timedOut(Handover handover) {
        Phase phase = parts.phases().current();
        String doing;
        if (phase instanceof Phase.Spawning) {
            doing = "it has not connected" + handover.whyNotConnected();
        } else if (phase instanceof Phase.Transferring) {
            String pending = parts.states().pending();
            doing = pending.isEmpty() ? handover.progress() : pending;
        } else if (phase instanceof Phase.AwaitingReady) {
            doing = "it has everything, but its application has not called ready()";
        } else {
            doing = "it was told to go on, but does not serve";
        }
        fail(
                handover,
                handover.successor() + " was not ready within "
                        + handover.timeout().toMillis() + " ms: " + doing,
                false);
    }

    @Override
    public void exited(Handover handover, String how) {
        if (parts.phases().current() instanceof Phase.Replaced replaced
                && replaced.departure().handover() == handover) {
            replaced.departure().watch().exited(how);
        } else {
            String why = isIn(handover, Phase.Spawning.class) ? handover.whyNotConnected() : "";
            fail(handover, handover.successor() + " " + how + " before it was ready" + why, true);
        }
    }

    @Override
    public void failed(Handover handover, String reason) {
        fail(handover, reason, true);
    }

    /** If the process is ours, it is about to exit, and its status says more. */
    @Override
    public void hungUp(Handover handover) {
        if (parts.phases().current() instanceof Phase.Replaced replaced
                && replaced.departure().handover() == handover) {
            replaced.departure().watch().hungUp();
            return;
        }
        String reason = handover.successor() + " hung up before it was ready";
        if (handover.startedIt()) {
            parts.control().schedule(() -> fail(handover, reason, true), SuccessorProcess.EXIT);
        } else {
            fail(handover, reason, true);
        }
    }

    /** Ends this upgrade, and the process that it started, unless it is over. */
    private void fail(Handover handover, String reason, boolean byItself) {
        fail(handover, reason, byItself, new HandoffException(reason));
    }

    private void fail(Handover handover, String reason, boolean byItself, Throwable cause) {
        if (!isIn(handover, Phase.Upgrading.class) || isIn(handover, Phase.Failing.class)) {
            return;
        }
        boolean committed = isIn(handover, Phase.HandingOver.class);
        UpgradeFailure failure = new UpgradeFailure(this, parts.control(), handover, reason, cause);
        Deadline limit = Deadline.in(SuccessorProcess.END, parts.control(), failure);
        try {
            parts.phases().leave(Event.UPGRADE_FAILED, new Phase.Failing(handover, committed, limit));
        } catch (Throwable t) {
            Guard.log(t);
        }
        try {
            handover.fail(reason, byItself).whenComplete(failure);
        } catch (Throwable t) {
            Guard.log(t);
            failure.run();
        }
    }

    @Override
    public void over(UpgradeFailure failure) {
        if (!(parts.phases().current() instanceof Phase.Failing failing)
                || !isIn(failure.handover(), Phase.Failing.class)) {
            return;
        }
        failing.limit().cancel();
        for (UpgradeFailure.Step step : UpgradeFailure.Step.values()) {
            try {
                over(step, failing, failure);
            } catch (Throwable t) {
                Guard.log(t);
            }
        }
    }

    private void over(UpgradeFailure.Step step, Phase.Failing failing, UpgradeFailure failure) {
        switch (step) {
            case SERVE -> parts.phases().leave(Event.PROCESS_ENDED, new Phase.Serving());
            case WITHDRAW -> parts.migration().withdraw();
            case CLOSE_PRIVATE_PATH -> endpoint.closePrivate();
            case TAKE_BACK_PATHS -> {
                if (failing.committed()) {
                    departing.takeBackPaths();
                }
            }
            case TELL_MANAGER -> parts.manager().serving("serves on, the upgrade failed: " + failure.reason());
            case TELL -> failed(failing.handover(), failure.reason(), failure.cause());
            case STOP -> whole.stopIfRequested();
        }
    }

    /** What nobody expected has happened when an upgrade began, or just before. */
    private void begun(Handover handover, Throwable t) {
        Guard.log(t);
        String reason = "unexpected: " + Reasons.of(t);
        if (isIn(handover, Phase.Upgrading.class)) {
            fail(handover, reason, false, t);
        } else {
            failed(handover, reason, t);
            handover.fail(reason, false);
        }
    }

    private void failed(Handover handover, String reason, Throwable cause) {
        try {
            LOGGER.error(
                    "graceful-netty: upgrade {} failed after {} ms, this process {}: {}",
                    handover.name(),
                    handover.elapsedMillis(),
                    whole.isToEnd() ? "ends" : "serves on",
                    reason);
        } finally {
            handover.result()
                    .completeExceptionally(
                            cause instanceof HandoffException told ? told : new HandoffException(reason, cause));
        }
    }
}
