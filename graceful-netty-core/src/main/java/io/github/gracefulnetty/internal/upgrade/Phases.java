// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.upgrade.Phases.Event.*;

import io.github.gracefulnetty.internal.upgrade.Phase.AwaitingReady;
import io.github.gracefulnetty.internal.upgrade.Phase.Committing;
import io.github.gracefulnetty.internal.upgrade.Phase.Draining;
import io.github.gracefulnetty.internal.upgrade.Phase.Exited;
import io.github.gracefulnetty.internal.upgrade.Phase.Failed;
import io.github.gracefulnetty.internal.upgrade.Phase.Failing;
import io.github.gracefulnetty.internal.upgrade.Phase.HandingOver;
import io.github.gracefulnetty.internal.upgrade.Phase.Initialising;
import io.github.gracefulnetty.internal.upgrade.Phase.OnProbation;
import io.github.gracefulnetty.internal.upgrade.Phase.Receiving;
import io.github.gracefulnetty.internal.upgrade.Phase.RollingBack;
import io.github.gracefulnetty.internal.upgrade.Phase.Serving;
import io.github.gracefulnetty.internal.upgrade.Phase.Spawning;
import io.github.gracefulnetty.internal.upgrade.Phase.Starting;
import io.github.gracefulnetty.internal.upgrade.Phase.Stopping;
import io.github.gracefulnetty.internal.upgrade.Phase.TakingBack;
import io.github.gracefulnetty.internal.upgrade.Phase.Transferring;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The phase of one process, and the table of what may follow what; everything else is rejected. Changed on the control
 * loop only, read from anywhere.
 */
public final class Phases {
    /** What can happen. */
    public enum Event {
        PREDECESSOR_FOUND,
        RECEIVED,
        PREDECESSOR_LOST,
        ABORTED,
        READY,
        COMMITTED,
        UPGRADE_REQUESTED,
        SUCCESSOR_CONNECTED,
        TRANSFERRED,
        SUCCESSOR_READY,
        SUCCESSOR_SERVING,
        UPGRADE_FAILED,
        PROCESS_ENDED,
        CONFIRMED,
        SUCCESSOR_LOST,
        RESUMED,
        ROLL_BACK,
        ROLLED_BACK,
        STOP,
        DRAINED
    }

    /** Sees every change of the phase, on the control loop. */
    public interface Watcher {
        /** @param after whether the phase has changed already */
        void at(String from, Event event, boolean after);
    }

    /** One line of the table. */
    public record Row(Class<? extends Phase> from, Event event, Class<? extends Phase> to) {}

    private static final List<Row> TABLE = new ArrayList<>();

    static {
        // As a successor
        row(Starting.class, PREDECESSOR_FOUND, Receiving.class);
        row(Receiving.class, RECEIVED, Initialising.class);
        row(Initialising.class, READY, Committing.class);
        row(Committing.class, COMMITTED, Serving.class);

        // The predecessor refuses, or serves on
        row(Receiving.class, ABORTED, Failed.class);
        row(Initialising.class, ABORTED, Failed.class);
        row(Committing.class, ABORTED, Failed.class);

        // The predecessor dies: with all listeners here, they are ours
        row(Receiving.class, PREDECESSOR_LOST, Starting.class);
        row(Initialising.class, PREDECESSOR_LOST, Starting.class);
        row(Committing.class, PREDECESSOR_LOST, Serving.class);

        // Alone
        row(Starting.class, READY, Serving.class);

        // As a predecessor
        row(Serving.class, UPGRADE_REQUESTED, Spawning.class);
        row(Serving.class, SUCCESSOR_CONNECTED, Transferring.class);
        row(Spawning.class, SUCCESSOR_CONNECTED, Transferring.class);
        row(Transferring.class, TRANSFERRED, AwaitingReady.class);
        row(AwaitingReady.class, SUCCESSOR_READY, HandingOver.class);
        row(HandingOver.class, SUCCESSOR_SERVING, OnProbation.class);
        row(OnProbation.class, CONFIRMED, Draining.class);
        row(Draining.class, DRAINED, Exited.class);

        // A failed upgrade costs nothing
        row(Spawning.class, UPGRADE_FAILED, Failing.class);
        row(Transferring.class, UPGRADE_FAILED, Failing.class);
        row(AwaitingReady.class, UPGRADE_FAILED, Failing.class);
        row(HandingOver.class, UPGRADE_FAILED, Failing.class);
        row(Failing.class, PROCESS_ENDED, Serving.class);

        // The successor dies, hangs or rolls back; after it is confirmed, only if it dies
        row(OnProbation.class, SUCCESSOR_LOST, TakingBack.class);
        row(Draining.class, SUCCESSOR_LOST, TakingBack.class);
        row(TakingBack.class, RESUMED, Serving.class);
        row(TakingBack.class, CONFIRMED, Draining.class); // somebody else serves
        row(Serving.class, ROLL_BACK, RollingBack.class);
        row(Serving.class, ROLLED_BACK, Stopping.class);
        row(RollingBack.class, ROLLED_BACK, Stopping.class);
        row(RollingBack.class, CONFIRMED, Serving.class);
        row(Serving.class, CONFIRMED, Serving.class); // its own probation is over

        // The end; an upgrade that runs fails first
        row(Starting.class, STOP, Stopping.class);
        row(Initialising.class, STOP, Stopping.class);
        row(Serving.class, STOP, Stopping.class);
        row(Stopping.class, DRAINED, Exited.class);
    }

    private static volatile @Nullable Watcher watcher;

    private volatile Phase current = new Starting();

    private static void row(Class<? extends Phase> from, Event event, Class<? extends Phase> to) {
        if (find(from, event) != null) {
            throw new IllegalStateException(from + " has two answers to " + event);
        }
        TABLE.add(new Row(from, event, to));
    }

    private static @Nullable Row find(Class<? extends Phase> from, Event event) {
        for (Row row : TABLE) {
            if (row.from() == from && row.event() == event) {
                return row;
            }
        }
        return null;
    }

    public Phase current() {
        return current;
    }

    /** Whether the table has an answer to {@code event} now. */
    public boolean allows(Event event) {
        return find(current.getClass(), event) != null;
    }

    /**
     * Changes the phase.
     *
     * @throws IllegalStateException if the table does not lead to {@code next} now; nothing changes then
     */
    public void enter(Event event, Phase next) {
        Phase from = checked(event, next);
        tell(from, event, false);
        current = next;
        tell(from, event, true);
    }

    /** The same, even if whoever watches fails: for changes that lead out of a phase which could not be left otherwise. */
    public void leave(Event event, Phase next) {
        Phase from = checked(event, next);
        try {
            tell(from, event, false);
        } finally {
            current = next;
        }
        tell(from, event, true);
    }

    private Phase checked(Event event, Phase next) {
        Phase from = current;
        Row row = find(from.getClass(), event);
        if (row == null || row.to() != next.getClass()) {
            throw new IllegalStateException(event + " does not lead from " + from.name() + " to " + next.name());
        }
        return from;
    }

    private static void tell(Phase from, Event event, boolean after) {
        Watcher told = watcher;
        if (told != null) {
            told.at(from.name(), event, after);
        }
    }

    /** For tests that make a process fail at a certain point of its life. Nothing else watches. */
    public static void watch(Watcher by) {
        watcher = by;
    }

    /** The table, for its documentation and tests. */
    public static List<Row> table() {
        return List.copyOf(TABLE);
    }
}
