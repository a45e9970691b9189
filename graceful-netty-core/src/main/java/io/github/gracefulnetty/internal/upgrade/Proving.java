// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.upgrade.Phases.Event;
import io.github.gracefulnetty.internal.wire.Message;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** What this process does while it is on probation, and when that is over. On the control loop. */
final class Proving implements ProbationTrial.Owner {
    private final Parts parts;
    private final Whole whole;
    private final Predecessor predecessor;

    /** The process before this one. */
    interface Predecessor {
        /** Says something to it, if it is still there. */
        void say(Message message);
    }

    Proving(Parts parts, Whole whole, Predecessor predecessor) {
        this.parts = parts;
        this.whole = whole;
        this.predecessor = predecessor;
    }

    /** One that has not begun. */
    ProbationTrial trial(Duration length) {
        return new ProbationTrial(parts.control(), length, this);
    }

    private Optional<ProbationTrial> trial() {
        Phase phase = parts.phases().current();
        if (phase instanceof Phase.Serving serving) {
            return serving.trial();
        }
        return phase instanceof Phase.RollingBack rollingBack ? Optional.of(rollingBack.trial()) : Optional.empty();
    }

    /** Whether nothing can be taken back from this process, in this phase of its life. On any thread. */
    boolean isOver() {
        return !(parts.phases().current() instanceof Phase.TakingOver) && trial().isEmpty();
    }

    /** Whether this process may serve, but its predecessor has not been told yet that it does. */
    boolean isAboutToBegin() {
        return parts.phases().current() instanceof Phase.Serving serving
                && serving.trial().isPresent()
                && !serving.trial().get().hasBegun();
    }

    /** This process accepts: its predecessor is told, and probation begins. */
    void begin() {
        List<Inherited> unclaimed = parts.register().unclaimedInherited();
        predecessor.say(new Message.Serving(indexes(unclaimed)));
        Optional<ProbationTrial> trial = trial();
        if (trial.isEmpty()) {
            return;
        }
        trial.get().begun();
        if (trial.get().isEmpty()) {
            over("there is none");
        } else {
            warn(unclaimed);
            trial.get()
                    .begin(parts.settings().probationCheck(), parts.settings().upgradeTimeout());
        }
    }

    /** What was inherited and is bound later is this process's, as long as it is on probation. */
    void opened() {
        if (trial().isPresent()) {
            predecessor.say(new Message.Serving(indexes(parts.register().unclaimedInherited())));
        }
    }

    private static List<Integer> indexes(List<Inherited> inherited) {
        List<Integer> indexes = new ArrayList<>();
        for (Inherited one : inherited) {
            if (one.index() >= 0) {
                indexes.add(one.index());
            }
        }
        return indexes;
    }

    private static void warn(List<Inherited> unclaimed) {
        if (!unclaimed.isEmpty()) {
            LOGGER.warn(
                    "graceful-netty: inherited, but not bound here so far: {}; the predecessor serves them until this"
                            + " process is confirmed, then they are closed",
                    unclaimed.stream().map(Inherited::description).toList());
        }
    }

    /** @param removePaths whether the paths of unix sockets are this process's to remove */
    void closeUnclaimed(boolean removePaths) {
        List<Inherited> closed = parts.register().closeUnclaimed(removePaths);
        if (!closed.isEmpty()) {
            LOGGER.warn(
                    "graceful-netty: inherited, and not bound by this version: closed {}",
                    closed.stream().map(Inherited::description).toList());
        }
    }

    @Override
    public void say(Message message) {
        predecessor.say(message);
    }

    @Override
    public void look() {
        if (parts.phases().current() instanceof Phase.Serving
                && parts.register().hasClosedAll()
                && !parts.settings().allowDroppedListeners()) {
            sick("all of its listeners are closed");
        }
    }

    @Override
    public void checked() {
        settle();
    }

    @Override
    public void sick(String reason) {
        rollBack(reason, new CompletableFuture<>());
    }

    /** This process serves for good, by its own word: the predecessor takes nothing back any more. */
    void settle() {
        if (parts.phases().current() instanceof Phase.Serving serving
                && serving.trial().isPresent()
                && serving.trial().get().hasBegun()) {
            predecessor.say(new Message.Confirmed()); // first: a stop that waits for this says Abort
            over("this process serves for good");
        }
    }

    /** The predecessor says that this process serves for good. It wants to know when what nobody claimed is closed. */
    void confirmed() {
        over("the predecessor takes nothing back any more");
        predecessor.say(new Message.Confirmed());
    }

    /** Asks the predecessor to serve again. */
    void rollBack(String reason, CompletableFuture<Void> result) {
        Phase phase = parts.phases().current();
        if (!(phase instanceof Phase.Serving serving) || serving.trial().isEmpty()) {
            result.completeExceptionally(new HandoffException(
                    "nothing can be rolled back: this process is not on probation, " + phase.because()));
            return;
        }
        LOGGER.error("graceful-netty: this process rolls back to its predecessor: {}", reason);
        ProbationTrial trial = serving.trial().orElseThrow();
        ProbationTrial.Request request =
                trial.rollBack(reason, result, () -> over("the predecessor takes nothing back any more"));
        parts.phases().enter(Event.ROLL_BACK, new Phase.RollingBack(trial, request));
    }

    /** The predecessor serves again. */
    void rolledBack() {
        Phase phase = parts.phases().current();
        trial().ifPresent(ProbationTrial::end);
        if (phase instanceof Phase.RollingBack rollingBack) {
            rollingBack.request().patience().cancel();
            rollingBack.request().result().complete(null);
        }
    }

    /** It is over, and nothing was rolled back. */
    void over(String why) {
        Phase phase = parts.phases().current();
        boolean onProbation = trial().isPresent();
        Guard.all(
                () -> trial().ifPresent(ProbationTrial::end),
                () -> {
                    if (onProbation) {
                        parts.register().keepPaths(false);
                    }
                },
                () -> {
                    if (phase instanceof Phase.Serving serving
                            && serving.trial().isPresent()) {
                        parts.phases().leave(Event.CONFIRMED, new Phase.Serving());
                    } else if (phase instanceof Phase.RollingBack rollingBack) {
                        parts.phases().leave(Event.CONFIRMED, new Phase.Serving());
                        rollingBack.request().patience().cancel();
                        rollingBack
                                .request()
                                .result()
                                .completeExceptionally(new HandoffException("nothing was rolled back: " + why));
                    }
                },
                () -> {
                    if (!(phase instanceof Phase.TakingOver)) {
                        closeUnclaimed(false);
                    }
                },
                whole::stopIfRequested);
    }
}
