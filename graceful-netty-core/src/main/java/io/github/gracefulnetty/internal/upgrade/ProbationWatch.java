// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.Deadline;
import io.github.gracefulnetty.internal.transfer.HandoffServer;
import io.github.gracefulnetty.internal.wire.Message;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Probation as the predecessor sees it: a successor that serves, on probation at first, when everything can be taken back,
 * then confirmed, when only its death can make this process serve again. {@link ProbationTrial} is the other side. All on the
 * control loop. Owns the connection to the successor, and its process as long as it is on probation.
 */
final class ProbationWatch {
    /** What happens to the process as a whole: first one of {@link #confirmed} and {@link #failed}. */
    interface Owner {
        void confirmed();

        /** This process has to serve again, in or after probation. */
        void failed(String reason);

        /** It gives up, and does not know yet that it is confirmed. */
        void gaveUp(String reason);

        /** Whether everything can be taken back: the phase says so. */
        boolean isOnProbation();

        /** So many generations are newer than this one by now. */
        void aged(int generations);

        /** The successor has no use for these, or for fewer of them than it said before. */
        void unclaimed(List<Integer> descriptors);

        /** A confirmed successor has closed what it has no use for. */
        void acknowledged();
    }

    /** How often a successor says that it is alive, at least; less often than it is listened for. */
    static final Duration ALIVE_EVERY = Duration.ofSeconds(1);

    private static final Duration MOST_SILENCE = Duration.ofSeconds(5);

    private static final Duration LEAST_SILENCE = Duration.ofSeconds(1);

    /** How long after its last descriptor was closed the kernel may take to tell how a process ended. */
    private static final Duration TIME_TO_TELL = Duration.ofMillis(100);

    private final ControlLoop control;
    private final Channel connection;
    private final String successor;
    private final @Nullable SuccessorProcess process;
    private final Duration silence;
    private final Owner owner;
    private final Duration longest;
    private Deadline end;
    private Deadline silent;
    private boolean undecided;
    private boolean overdue;
    private boolean leaving;
    private boolean knowsThatItIsConfirmed;

    /**
     * @param process the successor's, if this process started it
     * @param time how long probation lasts
     * @param longest how long it may last beyond that, if the successor's own check does not decide
     */
    ProbationWatch(
            ControlLoop control,
            Channel connection,
            String successor,
            @Nullable SuccessorProcess process,
            Duration time,
            Duration longest,
            Owner owner) {
        this.control = control;
        this.connection = connection;
        this.successor = successor;
        this.process = process;
        this.silence = shorter(MOST_SILENCE, longer(LEAST_SILENCE, time.dividedBy(2)));
        this.owner = owner;
        this.longest = longest;
        this.knowsThatItIsConfirmed = time.isZero();
        this.end = Deadline.in(time, control, this::timeIsUp);
        this.silent = Deadline.in(silence, control, this::hangs);
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? other : one;
    }

    /** The successor said something; {@code false} if that makes no sense. */
    boolean said(Message message) {
        if (message instanceof Message.Alive alive) {
            heard(alive.undecided());
        } else if (message instanceof Message.Confirmed) {
            knowsThatItIsConfirmed = true;
            if (owner.isOnProbation()) {
                confirm();
            } else {
                owner.acknowledged();
            }
        } else if (message instanceof Message.RollBack rollBack) {
            fail(successor + " cannot serve: " + rollBack.reason(), false);
        } else if (message instanceof Message.Age age) {
            leaving = age.generations() > 1; // 1 where its own successor has failed, and it serves again
            owner.aged(age.generations());
        } else if (message instanceof Message.Abort abort) {
            gaveUp(abort.reason());
        } else if (message instanceof Message.Serving serving) {
            owner.unclaimed(serving.unclaimed());
        } else {
            return false;
        }
        return true;
    }

    /** Once it serves for good, the successor says so because it was told to stop: that is no failure. */
    private void gaveUp(String reason) {
        if (owner.isOnProbation()) {
            fail(successor + " gave up: " + reason, false);
        } else if (knowsThatItIsConfirmed) {
            leaving = true;
        } else {
            owner.gaveUp(successor + " gave up: " + reason);
        }
    }

    private void heard(boolean isUndecided) {
        if (!owner.isOnProbation()) {
            return;
        }
        silent.cancel();
        silent = Deadline.in(silence, control, this::hangs);
        undecided = isUndecided;
        if (overdue && !undecided) {
            confirm();
        }
    }

    private void timeIsUp() {
        if (!undecided) {
            confirm();
        } else if (!overdue) {
            overdue = true;
            end = Deadline.in(longest, control, this::timeIsUp);
        } else {
            fail(successor + " has not decided whether it can serve: its probationCheck has no end", false);
        }
    }

    private void hangs() {
        fail(successor + " hangs: it has said nothing for " + silence.toMillis() + " ms", true);
    }

    /**
     * The connection is closed. How a process of ours ended, if it has, is known a moment later, and says more. After
     * probation this process may be about to exit, and must not while it waits for that.
     */
    void hungUp() {
        if (process == null || !owner.isOnProbation()) {
            gone("hung up", true);
        } else {
            control.schedule(() -> gone("hung up", true), TIME_TO_TELL);
        }
    }

    /** The successor's process, which this one started, has ended. */
    void exited(String how) {
        gone(how, false);
    }

    private void gone(String how, boolean endProcess) {
        if (owner.isOnProbation()) {
            fail(successor + " " + how + " while it was on probation", endProcess);
        } else if (!leaving) {
            owner.failed(successor + " " + how + " while this process still drained");
        }
    }

    /** Probation is over, and the successor serves for good. */
    void confirm() {
        if (owner.isOnProbation()) {
            end();
            connection.writeAndFlush(new Message.Confirmed());
            owner.confirmed();
        }
    }

    private void fail(String reason, boolean endProcess) {
        if (!owner.isOnProbation()) {
            return;
        }
        end();
        Guard.quietly(() -> {
            if (process != null && endProcess) {
                process.end(control, false);
            } else if (process != null) {
                process.disown();
            }
        });
        owner.failed(reason);
    }

    private void end() {
        end.cancel();
        silent.cancel();
    }

    /** Tells the successor, if it is there to hear it, that this process serves again, and hangs up. */
    void rolledBack(String reason) {
        end();
        HandoffServer.lastWord(connection, new Message.RolledBack(reason));
    }

    /** Last word to the successor. */
    void drained(long forced) {
        end();
        leaving = true;
        if (process != null) {
            process.disown();
        }
        connection.writeAndFlush(new Message.Drained(forced)).addListener(ChannelFutureListener.CLOSE);
    }
}
