// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.internal.connections.Drain;
import io.github.gracefulnetty.internal.transfer.Deadline;
import java.util.Optional;

/**
 * Where a process is in its life, with what belongs to that: the one place where this is kept. A phase that waits carries
 * what ends the wait. Replaced on the control loop only, by {@link Phases}.
 */
public sealed interface Phase {
    /** The phase as a reason for a refusal. */
    String because();

    /** Whether this process is the one that serves: ready, and not replaced or stopping. */
    default boolean serves() {
        return false;
    }

    /** The phase's name, as the documentation has it. */
    default String name() {
        return getClass().getSimpleName();
    }

    /** As a successor that does not serve yet. */
    sealed interface TakingOver extends Phase {
        Takeover takeover();
    }

    /** As a predecessor whose successor does not serve yet. */
    sealed interface Upgrading extends Phase {
        Handover handover();

        @Override
        default String because() {
            return "an upgrade is in progress";
        }

        @Override
        default boolean serves() {
            return true;
        }
    }

    /** As a predecessor whose successor serves. */
    sealed interface Replaced extends Phase {
        Departure departure();
    }

    /** Alone: no predecessor, not ready yet. */
    record Starting() implements Phase {
        @Override
        public String because() {
            return "it is not ready yet";
        }
    }

    /** As a successor: listeners are arriving. */
    record Receiving(Takeover takeover) implements TakingOver {
        @Override
        public String because() {
            return "it is being started as a successor itself";
        }
    }

    /** As a successor: has all listeners, the application initialises. */
    record Initialising(Takeover takeover) implements TakingOver {
        @Override
        public String because() {
            return "it is not ready yet";
        }
    }

    /** As a successor: said ready, waits for the predecessor's word. */
    record Committing(Takeover takeover) implements TakingOver {
        @Override
        public String because() {
            return "it is taking over itself";
        }
    }

    /**
     * The one that serves; nothing else is going on.
     *
     * @param trial while this process is on probation
     */
    record Serving(Optional<ProbationTrial> trial) implements Phase {
        /** Not on probation. */
        Serving() {
            this(Optional.empty());
        }

        @Override
        public String because() {
            return "it is serving";
        }

        @Override
        public boolean serves() {
            return true;
        }
    }

    /** As a successor on probation: asked its predecessor to take back, and serves until it does. */
    record RollingBack(ProbationTrial trial, ProbationTrial.Request request) implements Phase {
        @Override
        public String because() {
            return "it is rolling back to its predecessor";
        }

        @Override
        public boolean serves() {
            return true;
        }
    }

    /** As a predecessor: starts a successor, which has not connected yet. */
    record Spawning(Handover handover) implements Upgrading {}

    /** As a predecessor: listeners are being sent. */
    record Transferring(Handover handover) implements Upgrading {}

    /** As a predecessor: the successor's application initialises. */
    record AwaitingReady(Handover handover) implements Upgrading {}

    /** As a predecessor: told the successor to go on; both may accept. */
    record HandingOver(Handover handover) implements Upgrading {
        @Override
        public String because() {
            return "it is handing over";
        }
    }

    /**
     * As a predecessor: the upgrade has failed, the successor's process is being ended.
     *
     * @param committed whether the successor had been told to go on, so that it may have taken the paths
     * @param limit when it is not waited for any more
     */
    record Failing(Handover handover, boolean committed, Deadline limit) implements Upgrading {}

    /** As a predecessor: a successor serves on probation; connections end, and all can be taken back. */
    record OnProbation(Departure departure) implements Replaced {
        @Override
        public String because() {
            return "it has been replaced and watches its successor";
        }
    }

    /**
     * As a predecessor: the successor is gone, or rolls back; who listens at the handoff path is being found out.
     *
     * @param limit when this process serves again although that is not known
     */
    record TakingBack(Departure departure, Deadline limit) implements Replaced {
        @Override
        public String because() {
            return "it takes everything back from its successor";
        }
    }

    /** As a predecessor: the successor is confirmed, the last connections end; serves again if the successor dies. */
    record Draining(Departure departure) implements Replaced {
        @Override
        public String because() {
            return "it has been replaced and drains";
        }
    }

    /** Told to stop: the last connections end. */
    record Stopping(Drain drain) implements Phase {
        @Override
        public String because() {
            return "it is stopping";
        }
    }

    /** Nothing left to do. */
    record Exited() implements Phase {
        @Override
        public String because() {
            return "it has ended";
        }
    }

    /** The handoff to this process failed; its predecessor goes on. */
    record Failed() implements Phase {
        @Override
        public String because() {
            return "its own takeover failed";
        }
    }
}
