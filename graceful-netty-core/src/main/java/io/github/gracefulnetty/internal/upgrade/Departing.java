// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.connections.Drain;
import io.github.gracefulnetty.internal.connections.DrainResult;
import io.github.gracefulnetty.internal.process.OtherProcess;
import io.github.gracefulnetty.internal.transfer.Deadline;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.upgrade.Phases.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** How this process goes when it has been replaced, or serves again. On the control loop. */
final class Departing {
    /** When the paths could not be taken back: there may be room later. */
    private static final Duration AGAIN = Duration.ofSeconds(1);

    /** How long it may take to find out who serves. It is asked for at most a second each, twice. */
    private static final Duration FIND_OUT = Duration.ofSeconds(5);

    /** How long a confirmed successor may take to close what it has no use for. */
    private static final Duration ACKNOWLEDGE = Duration.ofSeconds(1);

    /** The control loop reads what has arrived before it comes to what is scheduled. */
    private static final Duration ONE_PASS = Duration.ofMillis(1);

    private final Parts parts;
    private final Whole whole;
    private final HandoffEndpoint endpoint;

    Departing(Parts parts, Whole whole, HandoffEndpoint endpoint) {
        this.parts = parts;
        this.whole = whole;
        this.endpoint = endpoint;
    }

    /** The items that a successor counts. */
    static List<DescriptorSender.Item> items(Handover handover, List<Integer> indexes) {
        List<DescriptorSender.Item> all = handover.items();
        List<DescriptorSender.Item> items = new ArrayList<>();
        for (int index : indexes) {
            if (index >= all.size()) {
                throw new IllegalArgumentException("does not claim descriptor " + index + ", which it has not got");
            }
            items.add(all.get(index));
        }
        return items;
    }

    /** What begins when a successor serves: with deadlines that run from now on. */
    Departure departure(Handover handover, Replacement successor, Drain drain) {
        Watching watching = new Watching();
        ProbationWatch watch = new ProbationWatch(
                parts.control(),
                handover.succeeded(),
                successor.toString(),
                handover.process(),
                parts.settings().probation(),
                parts.settings().upgradeTimeout(),
                watching);
        Departure departure = new Departure(
                handover,
                successor,
                watch,
                drain,
                new CompletableFuture<>(),
                new CompletableFuture<>(),
                new CompletableFuture<>());
        watching.departure = departure;
        return departure;
    }

    /**
     * Pauses and drains.
     *
     * @param unclaimed what the successor has no use for: it is served here until the successor is confirmed
     */
    void begin(Departure departure, List<DescriptorSender.Item> unclaimed) {
        LOGGER.info(
                "graceful-netty: upgrade {}: handed over to {} (generation {}) after {} ms, draining {} connections",
                departure.handover().name(),
                OtherProcess.describe(departure.successor().pid()),
                departure.successor().generation(),
                departure.successor().took().toMillis(),
                parts.connections().open().size());
        whole.tellAge(2);
        parts.control()
                .within(parts.patience(), parts.register().pauseAllBut(unclaimed))
                .thenRun(() -> parts.control().execute(() -> drain(departure)));
        CompletableFuture<Void> older =
                parts.control().within(parts.settings().drainTimeout(), whole.predecessorGone());
        // What is accepted until the last queue is empty is drained, too.
        CompletableFuture<Void> closed = departure
                .successor()
                .confirmed()
                .thenCompose(confirmed -> departure.acknowledged())
                .thenCompose(acknowledged -> parts.control()
                        .within(parts.patience(), parts.register().closeKept()));
        CompletableFuture.allOf(closed, CompletableFuture.anyOf(older, departure.hurry()))
                .thenRun(() -> parts.control().execute(departure.drain()::release));
        // Nobody is there to take anything back, if this process was told to stop when it could not stop any more.
        if (parts.settings().probation().isZero() || whole.isToEnd()) {
            departure.watch().confirm();
        }
    }

    private void drain(Departure departure) {
        departure.drain().start(parts.settings().drainTimeout()).whenComplete((result, failure) -> {
            if (failure == null) {
                departure.drained().complete(result);
                // Whether the successor still lives is seen first, if that is not yet known.
                parts.control().schedule(() -> exitIfDrained(departure), ONE_PASS);
            } else {
                Guard.log(failure);
            }
        });
    }

    private void exitIfDrained(Departure departure) {
        DrainResult result = departure.drained().getNow(null);
        if (result != null && isIn(departure, Phase.Draining.class)) {
            Guard.all(
                    () -> parts.phases().leave(Event.DRAINED, new Phase.Exited()),
                    () -> departure.watch().drained(result.forced()),
                    () -> whole.exit(true, result));
        }
    }

    private boolean isIn(Departure departure, Class<? extends Phase.Replaced> phase) {
        return phase.isInstance(parts.phases().current())
                && ((Phase.Replaced) parts.phases().current()).departure().handover() == departure.handover();
    }

    /** Nothing is taken back any more, if a successor is on probation. */
    void endProbation() {
        if (parts.phases().current() instanceof Phase.OnProbation phase) {
            phase.departure().watch().confirm();
        }
    }

    /** Something that nobody expected has happened: where a change of phase was cut short, it is finished. */
    void unexpected() {
        if (parts.phases().current() instanceof Phase.Draining draining) {
            draining.departure().successor().confirmed().complete(null);
        } else if (parts.phases().current() instanceof Phase.TakingBack takingBack) {
            serveAgain(takingBack.departure(), "unexpected failure");
        }
    }

    private void confirmed(Departure departure) {
        drains(departure);
        Guard.all(
                () -> LOGGER.info(
                        "graceful-netty: upgrade {}: {} is confirmed after {} ms",
                        departure.handover().name(),
                        departure.successor(),
                        departure.handover().elapsedMillis()),
                endpoint::closePrivate,
                () -> departure.successor().confirmed().complete(null),
                () -> parts.control().schedule(() -> departure.acknowledged().complete(null), ACKNOWLEDGE));
    }

    private void drains(Departure departure) {
        cancelLimit();
        Guard.quietly(() -> parts.phases().leave(Event.CONFIRMED, new Phase.Draining(departure)));
    }

    /** The successor cannot go on, or is gone. After probation it only counts if it is dead: nothing else is known of it. */
    void failed(Departure departure, String reason) {
        failed(departure, reason, false);
    }

    /** @param gaveUp whether it says so itself: then it does not matter whether it lives still */
    private void failed(Departure departure, String reason, boolean gaveUp) {
        boolean mayBe = isIn(departure, Phase.OnProbation.class) || isIn(departure, Phase.Draining.class);
        if (!mayBe || whole.isToEnd()) {
            return;
        }
        boolean mustBeDead = isIn(departure, Phase.Draining.class) && !gaveUp;
        Deadline limit =
                Deadline.in(FIND_OUT, parts.control(), () -> decideWithoutKnowing(departure, mustBeDead, reason));
        Guard.quietly(() -> parts.phases().leave(Event.SUCCESSOR_LOST, new Phase.TakingBack(departure, limit)));
        if (mustBeDead) {
            OtherProcess.whenKnown(
                    departure.successor().pid(),
                    parts.control().loop(),
                    fate -> Guard.run(() -> decide(departure, fate, reason), t -> serveAgain(departure, reason)));
        } else {
            lookWhoListens(departure, reason);
        }
    }

    private void decideWithoutKnowing(Departure departure, boolean mustBeDead, String reason) {
        if (mustBeDead && OtherProcess.isRunning(departure.successor().pid())) {
            decide(departure, OtherProcess.Fate.ALIVE, reason);
        } else {
            serveAgain(departure, reason);
        }
    }

    /** Unless somebody else serves by now: then that one is as good as a confirmed successor. */
    private void lookWhoListens(Departure departure, String reason) {
        Guard.run(
                () -> endpoint.whoListens(other -> decide(departure, other, reason)),
                t -> serveAgain(departure, reason));
    }

    private void decide(Departure departure, OtherProcess.Fate fate, String reason) {
        boolean lives =
                fate == OtherProcess.Fate.ALIVE || (fate == OtherProcess.Fate.UNKNOWN && endpoint.somebodyListens());
        if (!lives) {
            lookWhoListens(departure, reason);
        } else if (isIn(departure, Phase.TakingBack.class)) {
            drains(departure);
            exitIfDrained(departure);
        }
    }

    private void decide(Departure departure, long other, String reason) {
        boolean somebodyElse = other != 0
                && other != ProcessHandle.current().pid()
                && other != departure.successor().pid();
        if (!isIn(departure, Phase.TakingBack.class)) {
            return;
        }
        if (somebodyElse) {
            LOGGER.warn("graceful-netty: {}; but pid {} serves at the handoff path by now", reason, other);
            confirmed(departure);
            exitIfDrained(departure);
        } else {
            serveAgain(departure, reason);
        }
    }

    private void cancelLimit() {
        if (parts.phases().current() instanceof Phase.TakingBack takingBack) {
            takingBack.limit().cancel();
        }
    }

    private void serveAgain(Departure departure, String reason) {
        if (!isIn(departure, Phase.TakingBack.class)) {
            return;
        }
        cancelLimit();
        Guard.all(
                () -> parts.phases().leave(Event.RESUMED, new Phase.Serving()),
                () -> departure.drain().cancel(),
                () -> parts.register().accept(true),
                () -> LOGGER.error(
                        "graceful-netty: upgrade {} rolled back after {} ms, this process serves again: {}",
                        departure.handover().name(),
                        departure.handover().elapsedMillis(),
                        reason),
                () -> parts.register().keepPaths(false),
                endpoint::closePrivate,
                this::takeBackPaths,
                () -> parts.manager().serving("serves again: " + reason),
                () -> whole.tellAge(1),
                () -> departure.watch().rolledBack(reason),
                () -> departure.successor().confirmed().completeExceptionally(new HandoffException(reason)),
                whole::stopIfRequested);
    }

    /** Tries again later if it fails: {@code false}. */
    boolean takeBackPaths() {
        try {
            endpoint.takeBack();
            return true;
        } catch (Throwable t) {
            LOGGER.error("graceful-netty: cannot take the handoff path or the PID file back yet: {}", Reasons.of(t));
            parts.control().schedule(this::takeBackLater, AGAIN);
            return false;
        }
    }

    /** Unless somebody else has come to serve there meanwhile. An upgrade that runs is waited for: it may fail. */
    private void takeBackLater() {
        if (parts.phases().current() instanceof Phase.Upgrading) {
            parts.control().schedule(this::takeBackLater, AGAIN);
            return;
        }
        endpoint.whoListens(other -> {
            if (other != 0 && other != ProcessHandle.current().pid()) {
                LOGGER.warn("graceful-netty: pid {} serves at the handoff path by now, it stays there", other);
            } else if (parts.phases().current() instanceof Phase.Serving && takeBackPaths()) {
                LOGGER.info("graceful-netty: the handoff path and the PID file are this process's again");
            }
        });
    }

    /** Follows the successor of one departure, which is known as soon as this is. */
    private final class Watching implements ProbationWatch.Owner {
        private @Nullable Departure departure;

        private Departure departure() {
            return Objects.requireNonNull(departure, "departure");
        }

        @Override
        public void confirmed() {
            Departing.this.confirmed(departure());
        }

        @Override
        public void failed(String reason) {
            Departing.this.failed(departure(), reason);
        }

        @Override
        public void gaveUp(String reason) {
            Departing.this.failed(departure(), reason, true);
        }

        @Override
        public boolean isOnProbation() {
            return isIn(departure(), Phase.OnProbation.class);
        }

        @Override
        public void aged(int generations) {
            whole.tellAge(generations + 1);
            int most = parts.settings().maxDraining();
            if (generations > most) {
                LOGGER.warn(
                        "graceful-netty: {} generations are newer than this one, which may be at most {}: its drain ends"
                                + " now",
                        generations,
                        most);
                endProbation();
                departure().hurryUp();
            }
        }

        @Override
        public void unclaimed(List<Integer> descriptors) {
            if (isOnProbation()) {
                parts.register().pauseAllBut(items(departure().handover(), descriptors));
            }
        }

        @Override
        public void acknowledged() {
            departure().acknowledged().complete(null);
        }
    }
}
