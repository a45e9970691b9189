// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.netty.buffer.ByteBuf;
import java.util.List;

/**
 * What the two processes of a handoff say to each other: {@code docs/protocol.md} tells when. Each message is one class that
 * knows its number, and writes and reads its own fields; {@link MessageCodec} has the table of all of them.
 *
 * <p>{@code read} gets what follows the type. It throws {@link ProtocolException} if a field is not what it may be, and
 * {@link IndexOutOfBoundsException} if it ends too early.
 */
public sealed interface Message {
    /**
     * Writes its type and its fields.
     *
     * @throws IllegalArgumentException if a field is larger than the protocol allows
     */
    void write(ByteBuf out);

    /** What the one who connects is here for. */
    enum Purpose {
        /** To take over from a running process. */
        TAKE_OVER(1),
        /** To receive what is offered, and nothing else. */
        RECEIVE(2),
        /** To take connections, one by one, on a lane of an upgrade. */
        MIGRATE(3);

        private final int number;

        Purpose(int number) {
            this.number = number;
        }

        private static Purpose read(ByteBuf in) {
            int number = in.readUnsignedByte();
            for (Purpose purpose : values()) {
                if (purpose.number == number) {
                    return purpose;
                }
            }
            throw new ProtocolException("unknown purpose " + number);
        }
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
        static final int TYPE = 1;

        /** It does not say what it is a generation of. */
        public Hello(int minVersion, int maxVersion, Purpose purpose, long pid, Token ticket) {
            this(minVersion, maxVersion, purpose, pid, ticket, "");
        }

        static Hello read(ByteBuf in) {
            Fields.readMagic(in);
            return new Hello(
                    in.readUnsignedShort(),
                    in.readUnsignedShort(),
                    Purpose.read(in),
                    in.readLong(),
                    Fields.readToken(in),
                    Fields.readString(in));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE).writeInt(Fields.MAGIC);
            out.writeShort(minVersion).writeShort(maxVersion);
            out.writeByte(purpose.number).writeLong(pid);
            Fields.writeToken(ticket, out);
            Fields.writeString(application, out);
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
    record Welcome(int version, long pid, int generation, Token laneToken, long readyWithinMillis) implements Message {
        static final int TYPE = 2;

        static Welcome read(ByteBuf in) {
            return new Welcome(
                    in.readUnsignedShort(), in.readLong(), Fields.readCount(in), Fields.readToken(in), in.readLong());
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE).writeShort(version).writeLong(pid).writeInt(generation);
            Fields.writeToken(laneToken, out);
            out.writeLong(readyWithinMillis);
        }
    }

    /**
     * Successor, first and last on the descriptor connection: which handoff it belongs to. From then on the successor
     * reads descriptors there, and no bytes.
     */
    record Attach(int version, Token laneToken) implements Message {
        static final int TYPE = 3;

        static Attach read(ByteBuf in) {
            Fields.readMagic(in);
            return new Attach(in.readUnsignedShort(), Fields.readToken(in));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE).writeInt(Fields.MAGIC).writeShort(version);
            Fields.writeToken(laneToken, out);
        }
    }

    /**
     * Predecessor, before the descriptors: a piece of a named application state.
     *
     * @param name the same for all pieces of a state, which follow each other
     * @param last whether the state ends with this piece
     * @param piece at most {@link Fields#MAX_STATE_PIECE} bytes
     */
    record State(String name, boolean last, Bytes piece) implements Message {
        static final int TYPE = 12;

        static State read(ByteBuf in) {
            boolean last = in.readBoolean();
            return new State(Fields.readString(in), last, Fields.readBytes(in, Fields.MAX_STATE_PIECE));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE).writeBoolean(last);
            Fields.writeString(name, out);
            Fields.writeBytes(piece, Fields.MAX_STATE_PIECE, out);
        }
    }

    /** Predecessor: so many more descriptors follow. */
    record Manifest(int descriptors) implements Message {
        static final int TYPE = 4;

        static Manifest read(ByteBuf in) {
            return new Manifest(Fields.readCount(in));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE).writeInt(descriptors);
        }
    }

    /**
     * Predecessor: what the next descriptor is.
     *
     * @param index counted from 0
     * @param metadata what its owner adds, at most {@link MessageCodec#MAX_METADATA} bytes
     */
    record Descriptor(int index, Description description, Bytes metadata) implements Message {
        static final int TYPE = 5;

        static Descriptor read(ByteBuf in) {
            return new Descriptor(
                    Fields.readCount(in), DescriptionCodec.read(in), Fields.readBytes(in, Fields.MAX_METADATA));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE).writeInt(index);
            DescriptionCodec.write(description, out);
            Fields.writeBytes(metadata, Fields.MAX_METADATA, out);
        }
    }

    /**
     * Predecessor: the descriptor whose turn it is was closed meanwhile, and does not come.
     *
     * @param index counted from 0
     */
    record Withdrawn(int index) implements Message {
        static final int TYPE = 13;

        static Withdrawn read(ByteBuf in) {
            return new Withdrawn(Fields.readCount(in));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE).writeInt(index);
        }
    }

    /** Successor: that many descriptors have arrived and were verified, or were withdrawn. */
    record Received(int count) implements Message {
        static final int TYPE = 6;

        static Received read(ByteBuf in) {
            return new Received(Fields.readCount(in));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE).writeInt(count);
        }
    }

    /** Predecessor, to one who only receives: that was all. */
    record End() implements Message {
        static final int TYPE = 14;

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE);
        }
    }

    /** Successor: initialised, could accept now. */
    record Ready() implements Message {
        static final int TYPE = 7;

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE);
        }
    }

    /**
     * Predecessor: from now on the successor is not ended any more; it may accept.
     *
     * @param probationMillis how long it is on probation; 0 if it is not
     */
    record Commit(long probationMillis) implements Message {
        static final int TYPE = 8;

        static Commit read(ByteBuf in) {
            long millis = in.readLong();
            if (millis < 0) {
                throw new ProtocolException("no time is that long: " + Long.toUnsignedString(millis) + " ms");
            }
            return new Commit(millis);
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE).writeLong(probationMillis);
        }
    }

    /**
     * Successor: accepting, and it has taken over the handoff path.
     *
     * @param unclaimed the numbers of the descriptors that it got and has no use for: it has closed them
     */
    record Serving(List<Integer> unclaimed) implements Message {
        static final int TYPE = 9;

        public Serving {
            unclaimed = List.copyOf(unclaimed);
        }

        static Serving read(ByteBuf in) {
            return new Serving(Fields.readCounts(in));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE);
            Fields.writeCounts(unclaimed, out);
        }
    }

    /**
     * Predecessor, last: drained.
     *
     * @param forced how many connections had to be closed at the deadline
     */
    record Drained(long forced) implements Message {
        static final int TYPE = 10;

        static Drained read(ByteBuf in) {
            return new Drained(in.readLong());
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE).writeLong(forced);
        }
    }

    /**
     * Successor, about once a second while it is on probation: it is alive.
     *
     * @param undecided whether probation must go on, whatever the time: the application has not made up its mind
     */
    record Alive(boolean undecided) implements Message {
        static final int TYPE = 15;

        static Alive read(ByteBuf in) {
            return new Alive(in.readBoolean());
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE).writeBoolean(undecided);
        }
    }

    /** Either: the successor serves for good, nothing is given or taken back any more. */
    record Confirmed() implements Message {
        static final int TYPE = 16;

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE);
        }
    }

    /** Successor, on probation: it cannot serve, and why; it goes on until it hears {@link RolledBack}. */
    record RollBack(String reason) implements Message {
        static final int TYPE = 17;

        static RollBack read(ByteBuf in) {
            return new RollBack(Fields.readString(in));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE);
            Fields.writeReason(reason, out);
        }
    }

    /** Predecessor, last: it serves again, and why. */
    record RolledBack(String reason) implements Message {
        static final int TYPE = 18;

        static RolledBack read(ByteBuf in) {
            return new RolledBack(Fields.readString(in));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE);
            Fields.writeReason(reason, out);
        }
    }

    /**
     * Successor: how many generations are newer than the predecessor that gets this.
     *
     * @param generations at least 1
     */
    record Age(int generations) implements Message {
        static final int TYPE = 19;

        static Age read(ByteBuf in) {
            return new Age(Fields.readCount(in));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE).writeInt(generations);
        }
    }

    /**
     * Successor, on a lane of connections: it has built the pipelines of these and holds them, without reading or writing.
     *
     * @param connections their numbers, as descriptors
     */
    record Taken(List<Integer> connections) implements Message {
        static final int TYPE = 20;

        public Taken {
            connections = List.copyOf(connections);
        }

        static Taken read(ByteBuf in) {
            return new Taken(Fields.readCounts(in));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE);
            Fields.writeCounts(connections, out);
        }
    }

    /**
     * Successor, on a lane of connections: it does not want this one, and has closed its copy.
     *
     * @param connection its number, as a descriptor
     */
    record Refused(int connection, String reason) implements Message {
        static final int TYPE = 21;

        static Refused read(ByteBuf in) {
            return new Refused(Fields.readCount(in), Fields.readString(in));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE).writeInt(connection);
            Fields.writeReason(reason, out);
        }
    }

    /**
     * Predecessor, on a lane of connections: it has closed its copies of these, which were taken. They are the successor's.
     *
     * @param connections their numbers, as descriptors
     */
    record Released(List<Integer> connections) implements Message {
        static final int TYPE = 22;

        public Released {
            connections = List.copyOf(connections);
        }

        static Released read(ByteBuf in) {
            return new Released(Fields.readCounts(in));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE);
            Fields.writeCounts(connections, out);
        }
    }

    /** Either: the handoff is off, and why. */
    record Abort(String reason) implements Message {
        static final int TYPE = 11;

        static Abort read(ByteBuf in) {
            return new Abort(Fields.readString(in));
        }

        @Override
        public void write(ByteBuf out) {
            out.writeByte(TYPE);
            Fields.writeReason(reason, out);
        }
    }
}
