// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.Deadline;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.wire.Message;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Probation as the successor sees it: it serves, says that it is alive, and may give everything back. All on the control
 * loop.
 */
final class Trial {
    /** How long a predecessor that is asked to take back may take. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final ControlLoop control;
    private final Consumer<Message> predecessor;
    private final Consumer<String> sick;
    private boolean on;
    private volatile boolean over;
    private boolean undecided;
    private @Nullable ScheduledFuture<?> alive;
    private @Nullable Deadline patience;
    private @Nullable CompletableFuture<Void> givingBack;

    /**
     * @param predecessor what is said to it
     * @param sick told if the application's own check says that it cannot serve
     */
    Trial(ControlLoop control, Consumer<Message> predecessor, Consumer<String> sick) {
        this.control = control;
        this.predecessor = predecessor;
        this.sick = sick;
    }

    /** Begins, when this process serves. */
    void begin(Duration length, @Nullable Supplier<? extends CompletionStage<?>> check) {
        if (over) {
            return;
        }
        if (length.isZero()) {
            over = true;
            return;
        }
        on = true;
        undecided = check != null;
        Duration quarter = length.dividedBy(4);
        alive(quarter.compareTo(Probation.ALIVE_EVERY) < 0 ? quarter : Probation.ALIVE_EVERY);
        if (check != null) {
            Thread thread = new Thread(() -> run(check), "graceful-netty-probation-check");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private void alive(Duration every) {
        if (on) {
            predecessor.accept(new Message.Alive(undecided));
            alive = control.schedule(() -> alive(every), every);
        }
    }

    private void run(Supplier<? extends CompletionStage<?>> check) {
        CompletionStage<?> verdict;
        try {
            verdict = check.get();
        } catch (RuntimeException e) {
            verdict = CompletableFuture.failedFuture(e);
        }
        verdict.whenComplete((nothing, failure) -> control.execute(() -> {
            if (!on) {
                return;
            }
            if (failure == null) {
                settle();
            } else {
                sick.accept(Reasons.of(failure));
            }
        }));
    }

    boolean isOn() {
        return on;
    }

    /** Whether the predecessor takes nothing back any more; not before {@link #begin}. */
    boolean isOver() {
        return over;
    }

    /** This process serves for good: the predecessor takes nothing back any more. */
    void settle() {
        if (on && givingBack == null) {
            predecessor.accept(new Message.Confirmed());
            over("this process serves for good");
        }
    }

    /** Asks the predecessor to take everything back; {@code result} fails if it cannot. */
    void rollBack(String reason, CompletableFuture<Void> result, Runnable noAnswer) {
        givingBack = result;
        predecessor.accept(new Message.RollBack(reason));
        patience = Deadline.in(PATIENCE, control, noAnswer);
    }

    /** The predecessor serves again. */
    void takenBack() {
        CompletableFuture<Void> asked = givingBack;
        givingBack = null;
        over("");
        if (asked != null) {
            asked.complete(null);
        }
    }

    /** It is over, and nothing was given back. */
    void over(String why) {
        on = false;
        over = true;
        ScheduledFuture<?> pending = alive;
        if (pending != null) {
            pending.cancel(false);
        }
        if (patience != null) {
            patience.cancel();
        }
        if (givingBack != null) {
            givingBack.completeExceptionally(new HandoffException("nothing was given back: " + why));
            givingBack = null;
        }
    }
}
