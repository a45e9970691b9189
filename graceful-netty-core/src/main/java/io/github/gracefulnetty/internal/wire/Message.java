// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import java.util.List;

/**
 * What the two processes of a handoff say to each other. The order is in {@code docs/protocol.md}; the bytes are in
 * {@link MessageCodec}.
 */
public sealed interface Message {
    /** What the one who connects is here for. */
    enum Purpose {
        /** To take over from a running process. */
        TAKE_OVER,
        /** To receive what is offered, and nothing else. */
        RECEIVE,
        /** To take connections, one by one, on a lane of an upgrade. */
        MIGRATE
    }

    /**
     * Successor, first: who it is, what it wants and which protocol versions it speaks.
     *
     * @param minVersion the oldest protocol version it speaks
     * @param maxVersion the newest
     * @param purpose what it is here for
     * @param pid its process id, for logs only: the kernel's word counts
     * @param ticket what the predecessor gave to the process that it started, or {@link Token#NONE}
     * @param application what it is a generation of; empty if it does not say
     */
    record Hello(int minVersion, int maxVersion, Purpose purpose, long pid, Token ticket, String application)
            implements Message {
        /** It does not say what it is a generation of. */
        public Hello(int minVersion, int maxVersion, Purpose purpose, long pid, Token ticket) {
            this(minVersion, maxVersion, purpose, pid, ticket, "");
        }
    }

    /**
     * Predecessor: accepted.
     *
     * @param version the protocol version that both speak from here on
     * @param pid its process id
     * @param generation the successor's generation
     * @param laneToken what the descriptor connection has to show
     * @param readyWithinMillis how long the successor has, from now, until it must be ready
     */
    record Welcome(int version, long pid, int generation, Token laneToken, long readyWithinMillis) implements Message {}

    /**
     * Successor, first and last on the descriptor connection: which handoff it belongs to. From then on the successor
     * reads descriptors there, and no bytes.
     */
    record Attach(int version, Token laneToken) implements Message {}

    /**
     * Predecessor, before the descriptors: a piece of a named application state.
     *
     * @param name the same for all pieces of a state, which follow each other
     * @param last whether the state ends with this piece
     */
    record State(String name, boolean last, Bytes piece) implements Message {}

    /** Predecessor: so many more descriptors follow. */
    record Manifest(int descriptors) implements Message {}

    /**
     * Predecessor: what the next descriptor is.
     *
     * @param index counted from 0
     * @param metadata what its owner adds, at most {@link MessageCodec#MAX_METADATA} bytes
     */
    record Descriptor(int index, Description description, Bytes metadata) implements Message {}

    /**
     * Predecessor: the descriptor whose turn it is was closed meanwhile, and does not come.
     *
     * @param index counted from 0
     */
    record Withdrawn(int index) implements Message {}

    /** Predecessor, to one who only receives: that was all. */
    record End() implements Message {}

    /** Successor: that many descriptors have arrived and were verified, or were withdrawn. */
    record Received(int count) implements Message {}

    /** Successor: initialised, could accept now. */
    record Ready() implements Message {}

    /**
     * Predecessor: from now on the successor is not ended any more; it may accept.
     *
     * @param probationMillis how long it is on probation; 0 if it is not
     */
    record Commit(long probationMillis) implements Message {}

    /**
     * Successor: accepting, and it has taken over the handoff path.
     *
     * @param unclaimed the numbers of the descriptors that it got and has no use for: it has closed them
     */
    record Serving(List<Integer> unclaimed) implements Message {
        public Serving {
            unclaimed = List.copyOf(unclaimed);
        }
    }

    /**
     * Predecessor, last: drained.
     *
     * @param forced how many connections had to be closed at the deadline
     */
    record Drained(long forced) implements Message {}

    /**
     * Successor, about once a second while it is on probation: it is alive.
     *
     * @param undecided whether probation must go on, whatever the time: the application has not made up its mind
     */
    record Alive(boolean undecided) implements Message {}

    /** Either: the successor serves for good, nothing is given or taken back any more. */
    record Confirmed() implements Message {}

    /** Successor, on probation: it cannot serve, and why; it goes on until it hears {@link RolledBack}. */
    record RollBack(String reason) implements Message {}

    /** Predecessor, last: it serves again, and why. */
    record RolledBack(String reason) implements Message {}

    /**
     * Successor: how many generations are newer than the predecessor that gets this.
     *
     * @param generations at least 1
     */
    record Age(int generations) implements Message {}

    /**
     * Successor, on a lane of connections: it has built the pipelines of these and holds them, without reading or writing.
     *
     * @param connections their numbers, as descriptors
     */
    record Taken(List<Integer> connections) implements Message {
        public Taken {
            connections = List.copyOf(connections);
        }
    }

    /**
     * Successor, on a lane of connections: it does not want this one, and has closed its copy.
     *
     * @param connection its number, as a descriptor
     */
    record Refused(int connection, String reason) implements Message {}

    /**
     * Predecessor, on a lane of connections: it has closed its copies of these, which were taken. They are the
     * successor's.
     *
     * @param connections their numbers, as descriptors
     */
    record Released(List<Integer> connections) implements Message {
        public Released {
            connections = List.copyOf(connections);
        }
    }

    /** Either: the handoff is off, and why. */
    record Abort(String reason) implements Message {}
}
