// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.Deadline;
import io.github.gracefulnetty.internal.transfer.HandoffServer;
import io.github.gracefulnetty.internal.wire.Message;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The predecessor's view of a successor that serves: on probation at first, when everything can be taken back, then for
 * good. All on the control loop. Owns the connection to it, and its process as long as it is on probation.
 */
final class Probation {
    /** What happens to the process as a whole: first one of {@link #passed} and {@link #failed}. */
    interface Events {
        void passed();

        /** This process has to serve again. */
        void failed(String reason, Probation probation);

        /** So many generations are newer than this one by now. */
        void aged(int generations);
    }

    /** How often a successor says that it is alive, at least; less often than it is listened for. */
    static final Duration ALIVE_EVERY = Duration.ofSeconds(1);

    private static final Duration MOST_SILENCE = Duration.ofSeconds(5);

    private static final Duration LEAST_SILENCE = Duration.ofSeconds(1);

    private final ControlLoop control;
    private final Channel connection;
    private final long pid;
    private final @Nullable SuccessorProcess process;
    private final Duration silence;
    private final Events events;
    private final Deadline end;
    private Deadline silent;
    private boolean timeIsUp;
    private boolean undecided;
    private boolean over;

    /**
     * @param process the successor's, if this process started it
     * @param time how long probation lasts
     */
    Probation(
            ControlLoop control,
            Channel connection,
            long pid,
            @Nullable SuccessorProcess process,
            Duration time,
            Events events) {
        this.control = control;
        this.connection = connection;
        this.pid = pid;
        this.process = process;
        this.silence = shorter(MOST_SILENCE, longer(LEAST_SILENCE, time.dividedBy(2)));
        this.events = events;
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
            heard();
            undecided = alive.undecided();
            if (timeIsUp && !undecided) {
                pass();
            }
        } else if (message instanceof Message.Confirmed) {
            pass();
        } else if (message instanceof Message.RollBack sick) {
            fail("successor pid " + pid + " is sick: " + sick.reason(), false);
        } else if (message instanceof Message.Age age) {
            events.aged(age.generations());
        } else {
            return false;
        }
        return true;
    }

    private void heard() {
        silent.cancel();
        if (!over) {
            silent = Deadline.in(silence, control, this::hangs);
        }
    }

    private void timeIsUp() {
        timeIsUp = true;
        if (!undecided) {
            pass();
        }
    }

    private void hangs() {
        fail("successor pid " + pid + " hangs: it has said nothing for " + silence.toMillis() + " ms", true);
    }

    /** The connection is closed. */
    void hungUp() {
        fail("successor pid " + pid + " hung up while it was on probation", true);
    }

    /** The successor's process, which this one started, has ended. */
    void exited(String how) {
        fail("successor pid " + pid + " " + how + " while it was on probation", false);
    }

    /** Probation is over, and the successor serves for good. */
    void pass() {
        if (!over) {
            over();
            if (process != null) {
                process.disown();
            }
            connection.writeAndFlush(new Message.Confirmed());
            events.passed();
        }
    }

    private void fail(String reason, boolean end) {
        if (over) {
            return;
        }
        over();
        if (end && process != null) {
            process.end(control);
        } else if (process != null) {
            process.disown();
        }
        events.failed(reason, this);
    }

    private void over() {
        over = true;
        end.cancel();
        silent.cancel();
    }

    /** Tells the successor, if it is there to hear it, that this process serves again, and hangs up. */
    void takenBack(String reason) {
        HandoffServer.lastWord(connection, new Message.RolledBack(reason));
    }

    /** Last word to the successor. */
    void drained(long forced) {
        connection.writeAndFlush(new Message.Drained(forced)).addListener(ChannelFutureListener.CLOSE);
    }
}
