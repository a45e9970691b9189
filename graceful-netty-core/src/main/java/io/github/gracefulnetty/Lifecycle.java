// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static io.github.gracefulnetty.Lifecycle.Event.ABORTED;
import static io.github.gracefulnetty.Lifecycle.Event.COMMITTED;
import static io.github.gracefulnetty.Lifecycle.Event.DRAINED;
import static io.github.gracefulnetty.Lifecycle.Event.GIVE_BACK;
import static io.github.gracefulnetty.Lifecycle.Event.PREDECESSOR_FOUND;
import static io.github.gracefulnetty.Lifecycle.Event.PREDECESSOR_LOST;
import static io.github.gracefulnetty.Lifecycle.Event.PROBATION_PASSED;
import static io.github.gracefulnetty.Lifecycle.Event.READY;
import static io.github.gracefulnetty.Lifecycle.Event.RECEIVED;
import static io.github.gracefulnetty.Lifecycle.Event.RESUMED;
import static io.github.gracefulnetty.Lifecycle.Event.STOP;
import static io.github.gracefulnetty.Lifecycle.Event.SUCCESSOR_CONNECTED;
import static io.github.gracefulnetty.Lifecycle.Event.SUCCESSOR_READY;
import static io.github.gracefulnetty.Lifecycle.Event.SUCCESSOR_SERVING;
import static io.github.gracefulnetty.Lifecycle.Event.TAKEN_BACK;
import static io.github.gracefulnetty.Lifecycle.Event.TRANSFERRED;
import static io.github.gracefulnetty.Lifecycle.Event.UPGRADE_FAILED;
import static io.github.gracefulnetty.Lifecycle.Event.UPGRADE_REQUESTED;
import static io.github.gracefulnetty.Lifecycle.State.AWAITING_READY;
import static io.github.gracefulnetty.Lifecycle.State.COMMITTING;
import static io.github.gracefulnetty.Lifecycle.State.DRAINING;
import static io.github.gracefulnetty.Lifecycle.State.EXITED;
import static io.github.gracefulnetty.Lifecycle.State.FAILED;
import static io.github.gracefulnetty.Lifecycle.State.GIVING_BACK;
import static io.github.gracefulnetty.Lifecycle.State.HANDING_OVER;
import static io.github.gracefulnetty.Lifecycle.State.INITIALISING;
import static io.github.gracefulnetty.Lifecycle.State.PROBATION;
import static io.github.gracefulnetty.Lifecycle.State.RECEIVING;
import static io.github.gracefulnetty.Lifecycle.State.SERVING;
import static io.github.gracefulnetty.Lifecycle.State.SPAWNING;
import static io.github.gracefulnetty.Lifecycle.State.STARTING;
import static io.github.gracefulnetty.Lifecycle.State.STOPPING;
import static io.github.gracefulnetty.Lifecycle.State.TRANSFERRING;

import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The life of one process as a table of states and events; whatever the table does not contain is rejected. Changed on
 * the control loop only, read from anywhere.
 */
final class Lifecycle {
    /** Where a process is in its life. */
    enum State {
        /** Alone: no predecessor, not ready yet. */
        STARTING("it is not ready yet"),
        /** As a successor: listeners are arriving. */
        RECEIVING("it is being started as a successor itself"),
        /** As a successor: has all listeners, the application initialises. */
        INITIALISING("it is not ready yet"),
        /** As a successor: said ready, waits for the predecessor's word. */
        COMMITTING("it is taking over itself"),
        /** The one that serves; nothing else is going on. */
        SERVING("it is serving"),
        /** As a successor on probation: asked its predecessor to take back, and serves until it does. */
        GIVING_BACK("it gives back to its predecessor"),
        /** As a predecessor: started a successor, which has not connected yet. */
        SPAWNING("an upgrade is in progress"),
        /** As a predecessor: listeners are being sent. */
        TRANSFERRING("an upgrade is in progress"),
        /** As a predecessor: the successor's application initialises. */
        AWAITING_READY("an upgrade is in progress"),
        /** As a predecessor: told the successor to go on; both may accept. */
        HANDING_OVER("it is handing over"),
        /** As a predecessor: a successor serves on probation; connections end, and all can be taken back. */
        PROBATION("it has been replaced and watches its successor"),
        /** As a predecessor: a successor serves for good, the last connections end. */
        DRAINING("it has been replaced and drains"),
        /** Told to stop: the last connections end. */
        STOPPING("it is stopping"),
        /** Nothing left to do. */
        EXITED("it has ended"),
        /** The handoff to this process failed; its predecessor goes on. */
        FAILED("its own takeover failed");

        private final String because;

        State(String because) {
            this.because = because;
        }

        /** The state as a reason for a refusal. */
        String because() {
            return because;
        }
    }

    /** What can happen. */
    enum Event {
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
        PROBATION_PASSED,
        RESUMED,
        GIVE_BACK,
        TAKEN_BACK,
        STOP,
        DRAINED
    }

    /** Sees every change of a state, on the control loop. */
    interface Watcher {
        /** @param after whether the state has changed already */
        void at(State from, Event event, boolean after);
    }

    private static final Map<State, Map<Event, State>> TABLE = new EnumMap<>(State.class);

    static {
        // As a successor
        on(STARTING, PREDECESSOR_FOUND, RECEIVING);
        on(RECEIVING, RECEIVED, INITIALISING);
        on(INITIALISING, READY, COMMITTING);
        on(COMMITTING, COMMITTED, SERVING);

        // The predecessor refuses or takes everything back
        on(RECEIVING, ABORTED, FAILED);
        on(INITIALISING, ABORTED, FAILED);
        on(COMMITTING, ABORTED, FAILED);

        // The predecessor dies: with all listeners here, they are ours
        on(RECEIVING, PREDECESSOR_LOST, STARTING);
        on(INITIALISING, PREDECESSOR_LOST, STARTING);
        on(COMMITTING, PREDECESSOR_LOST, SERVING);

        // Alone
        on(STARTING, READY, SERVING);

        // As a predecessor
        on(SERVING, UPGRADE_REQUESTED, SPAWNING);
        on(SERVING, SUCCESSOR_CONNECTED, TRANSFERRING);
        on(SPAWNING, SUCCESSOR_CONNECTED, TRANSFERRING);
        on(TRANSFERRING, TRANSFERRED, AWAITING_READY);
        on(AWAITING_READY, SUCCESSOR_READY, HANDING_OVER);
        on(HANDING_OVER, SUCCESSOR_SERVING, PROBATION);
        on(PROBATION, PROBATION_PASSED, DRAINING);
        on(DRAINING, DRAINED, EXITED);

        // A failed upgrade costs nothing
        on(SPAWNING, UPGRADE_FAILED, SERVING);
        on(TRANSFERRING, UPGRADE_FAILED, SERVING);
        on(AWAITING_READY, UPGRADE_FAILED, SERVING);
        on(HANDING_OVER, UPGRADE_FAILED, SERVING);

        // The successor dies, hangs or is sick on probation
        on(PROBATION, RESUMED, SERVING);
        on(SERVING, GIVE_BACK, GIVING_BACK);
        on(SERVING, TAKEN_BACK, STOPPING);
        on(GIVING_BACK, TAKEN_BACK, STOPPING);
        on(GIVING_BACK, PREDECESSOR_LOST, SERVING);

        // The end; a running upgrade fails first
        on(STARTING, STOP, STOPPING);
        on(INITIALISING, STOP, STOPPING);
        on(SERVING, STOP, STOPPING);
        on(STOPPING, DRAINED, EXITED);
    }

    private static volatile @Nullable Watcher watcher;

    private volatile State state = STARTING;

    private static void on(State from, Event event, State to) {
        State former =
                TABLE.computeIfAbsent(from, s -> new EnumMap<>(Event.class)).put(event, to);
        if (former != null) {
            throw new IllegalStateException(from + " has two answers to " + event);
        }
    }

    State state() {
        return state;
    }

    /** Whether the table has an answer to {@code event} now. */
    boolean allows(Event event) {
        return TABLE.getOrDefault(state, Map.of()).containsKey(event);
    }

    /**
     * Changes the state.
     *
     * @return the new state
     * @throws IllegalStateException if the table has no answer to {@code event} now; nothing changes then
     */
    State fire(Event event) {
        State next = TABLE.getOrDefault(state, Map.of()).get(event);
        if (next == null) {
            throw new IllegalStateException(event + " cannot happen in state " + state);
        }
        State from = state;
        tell(from, event, false);
        state = next;
        tell(from, event, true);
        return next;
    }

    private static void tell(State from, Event event, boolean after) {
        Watcher told = watcher;
        if (told != null) {
            told.at(from, event, after);
        }
    }

    /** For tests that make a process fail at a certain point of its life. Nothing else watches. */
    static void watch(Watcher by) {
        watcher = by;
    }

    /** The table, for its documentation and tests. */
    static Map<State, Map<Event, State>> table() {
        return TABLE;
    }
}
