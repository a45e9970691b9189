// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.upgrade.Phases.Event.*;

import io.github.gracefulnetty.internal.upgrade.Phase.Starting;
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

    /** One line of the table. By {@link Phase#name}: their classes would all be loaded before the first is needed. */
    public record Row(String from, Event event, String to) {}

    private static final List<Row> TABLE = new ArrayList<>();

    static {
        // As a successor
        row("Starting", PREDECESSOR_FOUND, "Receiving");
        row("Receiving", RECEIVED, "Initialising");
        row("Initialising", READY, "Committing");
        row("Committing", COMMITTED, "Serving");

        // The predecessor refuses, or serves on
        row("Receiving", ABORTED, "Failed");
        row("Initialising", ABORTED, "Failed");
        row("Committing", ABORTED, "Failed");

        // The predecessor dies: with all listeners here, they are ours
        row("Receiving", PREDECESSOR_LOST, "Starting");
        row("Initialising", PREDECESSOR_LOST, "Starting");
        row("Committing", PREDECESSOR_LOST, "Serving");

        // Alone
        row("Starting", READY, "Serving");

        // As a predecessor
        row("Serving", UPGRADE_REQUESTED, "Spawning");
        row("Serving", SUCCESSOR_CONNECTED, "Transferring");
        row("Spawning", SUCCESSOR_CONNECTED, "Transferring");
        row("Transferring", TRANSFERRED, "AwaitingReady");
        row("AwaitingReady", SUCCESSOR_READY, "HandingOver");
        row("HandingOver", SUCCESSOR_SERVING, "OnProbation");
        row("OnProbation", CONFIRMED, "Draining");
        row("Draining", DRAINED, "Exited");

        // A failed upgrade costs nothing
        row("Spawning", UPGRADE_FAILED, "Failing");
        row("Transferring", UPGRADE_FAILED, "Failing");
        row("AwaitingReady", UPGRADE_FAILED, "Failing");
        row("HandingOver", UPGRADE_FAILED, "Failing");
        row("Failing", PROCESS_ENDED, "Serving");

        // The successor dies, hangs or rolls back; after it is confirmed, only if it dies
        row("OnProbation", SUCCESSOR_LOST, "TakingBack");
        row("Draining", SUCCESSOR_LOST, "TakingBack");
        row("TakingBack", RESUMED, "Serving");
        row("TakingBack", CONFIRMED, "Draining"); // somebody else serves
        row("Serving", ROLL_BACK, "RollingBack");
        row("Serving", ROLLED_BACK, "Stopping");
        row("RollingBack", ROLLED_BACK, "Stopping");
        row("RollingBack", CONFIRMED, "Serving");
        row("Serving", CONFIRMED, "Serving"); // its own probation is over

        // The end; an upgrade that runs fails first
        row("Starting", STOP, "Stopping");
        row("Initialising", STOP, "Stopping");
        row("Committing", STOP, "Stopping");
        row("Serving", STOP, "Stopping");
        row("Stopping", DRAINED, "Exited");
    }

    private static volatile @Nullable Watcher watcher;

    private volatile Phase current = new Starting();

    private static void row(String from, Event event, String to) {
        if (find(from, event) != null) {
            throw new IllegalStateException(from + " has two answers to " + event);
        }
        TABLE.add(new Row(from, event, to));
    }

    private static @Nullable Row find(String from, Event event) {
        for (Row row : TABLE) {
            if (row.from().equals(from) && row.event() == event) {
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
        return find(current.name(), event) != null;
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
        Row row = find(from.name(), event);
        if (row == null || !row.to().equals(next.name())) {
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
