// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.Deadline;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.wire.Message;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Probation as the successor sees it: from the moment in which it may serve its predecessor can take everything back. It
 * says that it is alive, and may roll back. {@link ProbationWatch} is the other side. Lasts until {@link #end}. All on the
 * control loop.
 */
final class ProbationTrial {
    /** Who decides what follows; told on the control loop. */
    interface Owner {
        /** Says something to the predecessor. */
        void say(Message message);

        /** Whether this process serves; looked at as often as the predecessor is told that it lives. */
        void look();

        /** The application's own check says that this process serves well. */
        void checked();

        /** The application's own check says that this process cannot serve. */
        void sick(String reason);
    }

    /** A predecessor that was asked to take everything back, the limit for its answer, and who wants to know it. */
    record Request(Deadline patience, CompletableFuture<Void> result) {}

    /** How long a predecessor that is asked to take back may take. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final ControlLoop control;
    private final Owner owner;
    private final Duration length;
    private volatile boolean begun;
    private boolean undecided;
    private @Nullable ScheduledFuture<?> alive;
    private @Nullable Deadline limit;

    /** @param length how long probation lasts, once {@link #begin} was called */
    ProbationTrial(ControlLoop control, Duration length, Owner owner) {
        this.control = control;
        this.length = length;
        this.owner = owner;
    }

    /** The predecessor has been told that this process serves. */
    void begun() {
        begun = true;
    }

    /** Whether the predecessor has been told that this process serves. */
    boolean hasBegun() {
        return begun;
    }

    /** Whether the predecessor takes nothing back any more as soon as this process serves. */
    boolean isEmpty() {
        return length.isZero();
    }

    /**
     * This process serves.
     *
     * @param check decides in the place of time; {@code null} for none
     * @param longest how long it may take to decide
     */
    void begin(@Nullable Supplier<? extends CompletionStage<?>> check, Duration longest) {
        if (check != null) {
            undecided = true;
            limit = Deadline.in(
                    longest,
                    control,
                    () -> decided(new HandoffException(
                            "probationCheck has not decided within " + longest.toMillis() + " ms")));
            Guard.run(() -> start(check), this::decided);
        }
        Duration quarter = length.dividedBy(4);
        alive(quarter.compareTo(ProbationWatch.ALIVE_EVERY) < 0 ? quarter : ProbationWatch.ALIVE_EVERY);
    }

    private void alive(Duration every) {
        owner.say(new Message.Alive(undecided));
        owner.look();
        alive = control.schedule(() -> alive(every), every);
    }

    private void start(Supplier<? extends CompletionStage<?>> check) {
        Thread thread =
                new Thread(() -> Guard.run(() -> ask(check), this::decidedElsewhere), "graceful-netty-probation-check");
        thread.setDaemon(true);
        thread.start();
    }

    private void ask(Supplier<? extends CompletionStage<?>> check) {
        CompletionStage<?> verdict = check.get();
        if (verdict == null) {
            throw new HandoffException("probationCheck returned null: return a CompletionStage");
        }
        verdict.whenComplete((nothing, failure) -> decidedElsewhere(failure));
    }

    private void decidedElsewhere(@Nullable Throwable failure) {
        control.execute(() -> decided(failure));
    }

    private void decided(@Nullable Throwable failure) {
        if (!undecided) {
            return;
        }
        // Before anything is decided: who cannot say why it is sick must not be taken for well.
        String reason = failure == null ? "" : "its own check says: " + Reasons.of(failure);
        undecided = false;
        if (failure == null) {
            owner.checked();
        } else {
            owner.sick(reason);
        }
    }

    /** Asks the predecessor to take everything back; {@code noAnswer} is run if it does not answer. */
    Request rollBack(String reason, CompletableFuture<Void> result, Runnable noAnswer) {
        owner.say(new Message.RollBack(reason));
        return new Request(Deadline.in(PATIENCE, control, noAnswer), result);
    }

    /** Probation is over. */
    void end() {
        undecided = false;
        if (alive != null) {
            alive.cancel(false);
        }
        if (limit != null) {
            limit.cancel();
        }
    }
}
