// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static io.github.gracefulnetty.ProcessContext.LOGGER;

import io.github.gracefulnetty.Lifecycle.Event;
import io.github.gracefulnetty.Lifecycle.State;
import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.HandoffServer;
import io.github.gracefulnetty.internal.transfer.OutgoingTransfer;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.PeerCredentials;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** How this process is replaced: by a successor that it starts, or by one that comes. On the control loop. */
final class PredecessorRole implements HandoffServer.Receptionist, Upgrade.Events, Probation.Events {
    /** When the paths could not be taken back: there may be room later. */
    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final ProcessContext context;
    private final ProcessContext.Whole whole;
    private final HandoffEndpoint endpoint;
    private final Set<DescriptorSender.Item> offered = Collections.newSetFromMap(new IdentityHashMap<>());
    private @Nullable Upgrade upgrade;
    private @Nullable CompletableFuture<UpgradeResult> waiting;
    private CompletableFuture<Void> settled = new CompletableFuture<>();
    private Upgrade.@Nullable Successor successor;

    PredecessorRole(ProcessContext context, ProcessContext.Whole whole) {
        this.context = context;
        this.whole = whole;
        this.endpoint = new HandoffEndpoint(context.transport(), context.control(), context.settings(), this);
    }

    HandoffEndpoint endpoint() {
        return endpoint;
    }

    /** Starts a successor. */
    void upgrade(CompletableFuture<UpgradeResult> result) {
        if (!context.lifecycle().allows(Event.UPGRADE_REQUESTED)) {
            refuse(result, context.lifecycle().state().because());
            return;
        }
        if (context.transport() == null) {
            refuse(result, "there is no native transport (" + context.transportProblem() + ")");
            return;
        }
        Path path;
        try {
            path = endpoint.pathForUpgrade();
        } catch (IOException e) {
            endpoint.closePrivate();
            String reason = "there is no way for a successor to connect: " + Reasons.of(e);
            context.manager().upgrading(); // who has asked for it by a reload waits for this and the next
            context.manager().serving("upgrade refused: " + reason);
            refuse(result, reason);
            return;
        }
        context.lifecycle().fire(Event.UPGRADE_REQUESTED);
        waiting = result;
        Upgrade begun = begin();
        try {
            begun.started(SuccessorProcess.start(
                    context.settings().command(),
                    new PredecessorTicket(ProcessHandle.current().pid(), begun.ticket(), path)));
        } catch (IOException e) {
            begun.fail("cannot start the successor: " + Reasons.of(e));
        }
    }

    /**
     * Loads the classes of an upgrade while nobody waits for one. Some time after this process began to serve.
     *
     * @param over completes when that is over: {@code true} if it was possible
     */
    void rehearse(CompletableFuture<Boolean> over) {
        NativeTransport transport = context.transport();
        if (transport == null || context.lifecycle().state() != State.SERVING) {
            over.complete(false);
            return;
        }
        try {
            SuccessorProcess.rehearse(context.settings().command());
            Rehearsal.begin(transport, context.control(), endpoint.pathForUpgrade())
                    .addListener(hungUp -> {
                        if (context.lifecycle().state() == State.SERVING) {
                            endpoint.closePrivate();
                        }
                        Rehearsal.drain(context.control()).whenComplete((result, failure) -> over.complete(true));
                    });
        } catch (IOException | ChannelException e) {
            LOGGER.debug("graceful-netty: an upgrade would fail now: {}", Reasons.of(e));
            endpoint.closePrivate();
            over.complete(false);
        }
    }

    private Upgrade begin() {
        context.manager().upgrading();
        whole.upgradeBegins();
        Upgrade begun = new Upgrade(context.control(), whole.generation() + 1, context.settings(), this, this);
        upgrade = begun;
        successor = null;
        settled = new CompletableFuture<>();
        return begun;
    }

    private static void refuse(CompletableFuture<UpgradeResult> result, String reason) {
        LOGGER.warn("graceful-netty: upgrade refused: {}", reason);
        result.completeExceptionally(new HandoffException("upgrade refused: " + reason));
    }

    /** Nothing is taken back any more, if a successor is on probation. */
    void endProbation() {
        Probation probation = upgrade == null ? null : upgrade.probation();
        if (probation != null && context.lifecycle().state() == State.PROBATION) {
            probation.pass();
        }
    }

    /** Ends the upgrade that is running, if there is one and its successor has not been told to go on. */
    boolean cancel(String reason) {
        boolean possible = switch (context.lifecycle().state()) {
            case SPAWNING, TRANSFERRING, AWAITING_READY -> true;
            default -> false;
        };
        if (possible && upgrade != null) {
            upgrade.fail(reason);
        }
        return possible;
    }

    @Override
    public void hello(Channel connection, PeerCredentials peer, Message.Hello hello) {
        State state = context.lifecycle().state();
        if (hello.purpose() != Message.Purpose.TAKE_OVER) {
            HandoffServer.refuse(
                    connection,
                    "pid " + ProcessHandle.current().pid()
                            + " waits for a successor here, it offers nothing to those who only receive");
            return;
        }
        String own = context.settings().application();
        if (!own.isEmpty() && !hello.application().isEmpty() && !own.equals(hello.application())) {
            String reason = "unix:" + context.settings().handoffPath() + " belongs to application '" + own
                    + "', not to '" + hello.application() + "': point each at a path of its own";
            LOGGER.warn("graceful-netty: refused pid {} as a successor: {}", peer.pid(), reason);
            HandoffServer.refuse(connection, "pid " + ProcessHandle.current().pid() + " refuses: " + reason);
            return;
        }
        Upgrade running = upgrade;
        boolean stranger = hello.ticket().equals(Token.NONE);
        if (state == State.SPAWNING && running != null && running.ticket().equals(hello.ticket())) {
            context.lifecycle().fire(Event.SUCCESSOR_CONNECTED);
            running.connected(connection, peer.pid());
        } else if (state == State.SERVING && stranger) {
            LOGGER.info("graceful-netty: pid {} wants to take over", peer.pid());
            context.lifecycle().fire(Event.SUCCESSOR_CONNECTED);
            begin().connected(connection, peer.pid());
        } else {
            String reason = state == State.SERVING ? "the upgrade that started you is over" : state.because();
            LOGGER.warn("graceful-netty: refused pid {} as a successor: {}", peer.pid(), reason);
            HandoffServer.refuse(
                    connection, "pid " + ProcessHandle.current().pid() + " refuses a successor now: " + reason);
        }
    }

    @Override
    public void attach(Channel connection, PeerCredentials peer, Message.Attach attach) {
        if (upgrade != null && upgrade.awaits(attach.laneToken()) && upgrade.successorPid() == peer.pid()) {
            upgrade.attached(connection);
        } else {
            LOGGER.warn("graceful-netty: refused a descriptor connection that does not belong to a handoff");
            HandoffServer.refuse(connection, "no handoff waits for this descriptor connection");
        }
    }

    @Override
    public CompletableFuture<OutgoingTransfer.Contents> contents() {
        List<DescriptorSender.Item> items = context.handedOn();
        offered.clear();
        offered.addAll(items);
        items.addAll(context.migration().offer());
        return context.states()
                .collect()
                .thenApplyAsync(
                        states -> new OutgoingTransfer.Contents(states, items),
                        context.control().loop());
    }

    /** Something was opened: a successor that is on its way gets it, too. */
    void opened() {
        Upgrade running = upgrade;
        if (running == null) {
            return;
        }
        List<DescriptorSender.Item> added = new ArrayList<>(context.handedOn());
        added.removeAll(offered);
        offered.addAll(added);
        running.opened(added);
    }

    @Override
    public void transferred() {
        context.lifecycle().fire(Event.TRANSFERRED);
    }

    @Override
    public void successorReady() {
        context.lifecycle().fire(Event.SUCCESSOR_READY);
        if (upgrade != null) {
            context.manager().handingOver(upgrade.successorPid());
        }
    }

    @Override
    public void successorServing(Upgrade.Successor serving, List<? extends DescriptorSender.Item> unclaimed) {
        context.lifecycle().fire(Event.SUCCESSOR_SERVING);
        successor = serving;
        LOGGER.info(
                "graceful-netty: handed over to pid {} (generation {}) after {} ms, draining {} connections",
                serving.pid(),
                serving.generation(),
                serving.took().toMillis(),
                context.connections().open().size());
        whole.handedOver(unclaimed);
        if (waiting != null) {
            waiting.complete(new UpgradeResult(serving.pid(), serving.generation(), serving.took(), settled.copy()));
            waiting = null;
        }
    }

    @Override
    public void passed() {
        context.lifecycle().fire(Event.PROBATION_PASSED);
        LOGGER.info("graceful-netty: {} has passed its probation", describeSuccessor());
        endpoint.closePrivate();
        settled.complete(null);
        whole.settled();
    }

    @Override
    public void failed(String reason, Probation probation) {
        endpoint.whoListens(other -> {
            boolean somebodyElse = other != 0
                    && other != ProcessHandle.current().pid()
                    && (successor == null || other != successor.pid());
            if (somebodyElse) {
                LOGGER.warn("graceful-netty: {}; but pid {} serves at the handoff path by now", reason, other);
                passed();
            } else {
                takeBack(reason, probation);
            }
        });
    }

    private void takeBack(String reason, Probation probation) {
        LOGGER.error("graceful-netty: {}: this process serves again", reason);
        context.lifecycle().fire(Event.RESUMED);
        upgrade = null;
        whole.resumed();
        endpoint.closePrivate();
        takeBackPaths();
        context.manager().serving("serves again: " + reason);
        probation.takenBack(reason);
        settled.completeExceptionally(new HandoffException(reason));
        whole.stopIfRequested();
    }

    private boolean takeBackPaths() {
        try {
            endpoint.takeBack();
            return true;
        } catch (IOException e) {
            LOGGER.error("graceful-netty: cannot take the handoff path or the PID file back yet: {}", Reasons.of(e));
            context.control().schedule(this::takeBackLater, AGAIN);
            return false;
        }
    }

    /** Unless somebody else has come to serve there meanwhile. An upgrade that runs is waited for: it may fail. */
    private void takeBackLater() {
        if (context.lifecycle().allows(Event.UPGRADE_FAILED)) {
            context.control().schedule(this::takeBackLater, AGAIN);
            return;
        }
        endpoint.whoListens(other -> {
            if (other != 0 && other != ProcessHandle.current().pid()) {
                LOGGER.warn("graceful-netty: pid {} serves at the handoff path by now, it stays there", other);
            } else if (context.lifecycle().state() == State.SERVING && takeBackPaths()) {
                LOGGER.info("graceful-netty: the handoff path and the PID file are this process's again");
            }
        });
    }

    private String describeSuccessor() {
        return successor == null
                ? "the successor"
                : "successor pid " + successor.pid() + " (generation " + successor.generation() + ")";
    }

    @Override
    public void aged(int generations) {
        whole.aged(generations);
    }

    /** Last word to the successor, if there is one. */
    void drained(long forced) {
        Probation followed = upgrade == null ? null : upgrade.probation();
        if (followed != null) {
            followed.drained(forced);
        }
    }

    @Override
    public void failed(String reason) {
        LOGGER.error("graceful-netty: upgrade failed, this process serves on: {}", reason);
        boolean committed = context.lifecycle().state() == State.HANDING_OVER;
        context.lifecycle().fire(Event.UPGRADE_FAILED);
        upgrade = null;
        context.migration().withdraw();
        endpoint.closePrivate();
        if (committed) {
            takeBackPaths();
        }
        context.manager().serving("serves on, the upgrade failed: " + reason);
        if (waiting != null) {
            waiting.completeExceptionally(new HandoffException(reason));
            waiting = null;
        }
        whole.stopIfRequested();
    }
}
