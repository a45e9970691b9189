// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import io.netty.buffer.ByteBuf;

/**
 * The one place that turns messages into bytes and back, with {@link Fields} and {@link DescriptionCodec}. A frame is a four-byte length, one byte for the type, and the
 * fields in the order of {@code docs/protocol.md}; all numbers are big-endian and unsigned.
 */
public final class MessageCodec {
    /** The protocol version that this code speaks. */
    public static final int VERSION = 1;

    /** The largest frame, its length field not counted. */
    public static final int MAX_FRAME = 1 << 20;

    /** The most descriptors that one handoff may announce. */
    public static final int MAX_DESCRIPTORS = Fields.MAX_COUNT;

    /** The most bytes of metadata that go with one descriptor. */
    public static final int MAX_METADATA = 1 << 16;

    /** The most bytes in one piece of application state. */
    public static final int MAX_STATE_PIECE = 1 << 18;

    /** The most bytes of application state in one handoff, all names together, unless a receiver allows more. */
    public static final int MAX_STATE = 1 << 26;

    /** The most names of application state in one handoff. */
    public static final int MAX_STATE_NAMES = 1 << 10;

    /** The longest string, in bytes. */
    public static final int MAX_STRING = Fields.MAX_STRING;

    /** The most descriptors that may be sent ahead of {@link Message.Received}. */
    public static final int WINDOW = 64;

    /** How many descriptors either side deals with before it tells the other, so that both can be busy at the same time. */
    public static final int STEP = WINDOW / 2;

    /** "GNHO", the first field of the first message on every connection. */
    static final int MAGIC = 0x474e484f;

    private static final int HELLO = 1;
    private static final int WELCOME = 2;
    private static final int ATTACH = 3;
    private static final int MANIFEST = 4;
    private static final int DESCRIPTOR = 5;
    private static final int RECEIVED = 6;
    private static final int READY = 7;
    private static final int COMMIT = 8;
    private static final int SERVING = 9;
    private static final int DRAINED = 10;
    private static final int ABORT = 11;
    private static final int STATE = 12;
    private static final int WITHDRAWN = 13;
    private static final int END = 14;
    private static final int ALIVE = 15;
    private static final int CONFIRMED = 16;
    private static final int ROLL_BACK = 17;
    private static final int ROLLED_BACK = 18;
    private static final int AGE = 19;
    private static final int TAKEN = 20;
    private static final int REFUSED = 21;
    private static final int RELEASED = 22;

    private static final int TAKE_OVER = 1;
    private static final int RECEIVE = 2;
    private static final int MIGRATE = 3;

    private MessageCodec() {}

    /** Writes a whole frame, length included. */
    public static void encode(Message message, ByteBuf out) {
        int start = out.writerIndex();
        out.writeInt(0);
        if (!encodeOfTransfer(message, out) && !encodeOfLane(message, out)) {
            encodeOfHandoff(message, out);
        }
        out.setInt(start, out.writerIndex() - start - Integer.BYTES);
    }

    /** What a transfer consists of. There are thousands of these, and a JVM that may be young: the others are apart. */
    private static boolean encodeOfTransfer(Message message, ByteBuf out) {
        if (message instanceof Message.Descriptor descriptor) {
            out.writeByte(DESCRIPTOR).writeInt(descriptor.index());
            DescriptionCodec.write(descriptor.description(), out);
            Fields.writeBytes(descriptor.metadata(), MAX_METADATA, out);
        } else if (message instanceof Message.Received received) {
            out.writeByte(RECEIVED).writeInt(received.count());
        } else if (message instanceof Message.Manifest manifest) {
            out.writeByte(MANIFEST).writeInt(manifest.descriptors());
        } else if (message instanceof Message.Withdrawn withdrawn) {
            out.writeByte(WITHDRAWN).writeInt(withdrawn.index());
        } else if (message instanceof Message.State state) {
            out.writeByte(STATE).writeBoolean(state.last());
            Fields.writeString(state.name(), out);
            Fields.writeBytes(state.piece(), MAX_STATE_PIECE, out);
        } else {
            return false;
        }
        return true;
    }

    /** What is said on a lane of connections only. */
    private static boolean encodeOfLane(Message message, ByteBuf out) {
        if (message instanceof Message.Taken taken) {
            out.writeByte(TAKEN);
            Fields.writeCounts(taken.connections(), out);
        } else if (message instanceof Message.Released released) {
            out.writeByte(RELEASED);
            Fields.writeCounts(released.connections(), out);
        } else if (message instanceof Message.Refused refused) {
            out.writeByte(REFUSED).writeInt(refused.connection());
            Fields.writeString(shorten(refused.reason()), out);
        } else {
            return false;
        }
        return true;
    }

    private static void encodeOfHandoff(Message message, ByteBuf out) {
        if (message instanceof Message.Hello hello) {
            out.writeByte(HELLO).writeInt(MAGIC);
            out.writeShort(hello.minVersion()).writeShort(hello.maxVersion());
            out.writeByte(wire(hello.purpose()));
            out.writeLong(hello.pid()).writeBytes(hello.ticket().bytes());
            Fields.writeString(hello.application(), out);
        } else if (message instanceof Message.Welcome welcome) {
            out.writeByte(WELCOME).writeShort(welcome.version());
            out.writeLong(welcome.pid()).writeInt(welcome.generation());
            out.writeBytes(welcome.laneToken().bytes()).writeLong(welcome.readyWithinMillis());
        } else if (message instanceof Message.Attach attach) {
            out.writeByte(ATTACH).writeInt(MAGIC);
            out.writeShort(attach.version()).writeBytes(attach.laneToken().bytes());
        } else if (message instanceof Message.End) {
            out.writeByte(END);
        } else if (message instanceof Message.Ready) {
            out.writeByte(READY);
        } else if (message instanceof Message.Commit commit) {
            out.writeByte(COMMIT).writeLong(commit.probationMillis());
        } else if (message instanceof Message.Serving serving) {
            out.writeByte(SERVING);
            Fields.writeCounts(serving.unclaimed(), out);
        } else if (message instanceof Message.Drained drained) {
            out.writeByte(DRAINED).writeLong(drained.forced());
        } else if (message instanceof Message.Alive alive) {
            out.writeByte(ALIVE).writeBoolean(alive.undecided());
        } else if (message instanceof Message.Confirmed) {
            out.writeByte(CONFIRMED);
        } else if (message instanceof Message.RollBack rollBack) {
            out.writeByte(ROLL_BACK);
            Fields.writeString(shorten(rollBack.reason()), out);
        } else if (message instanceof Message.RolledBack rolledBack) {
            out.writeByte(ROLLED_BACK);
            Fields.writeString(shorten(rolledBack.reason()), out);
        } else if (message instanceof Message.Age age) {
            out.writeByte(AGE).writeInt(age.generations());
        } else if (message instanceof Message.Abort abort) {
            out.writeByte(ABORT);
            Fields.writeString(shorten(abort.reason()), out);
        }
    }

    /**
     * Reads one frame's type and fields; the length field is gone already.
     *
     * @throws ProtocolException if they are not exactly one message
     */
    public static Message decode(ByteBuf in) {
        try {
            Message message = decodeFields(in);
            if (in.isReadable()) {
                throw new ProtocolException(in.readableBytes() + " bytes too many after a "
                        + message.getClass().getSimpleName() + " message");
            }
            return message;
        } catch (IndexOutOfBoundsException e) {
            throw new ProtocolException("message ends in the middle of a field");
        }
    }

    private static Message decodeFields(ByteBuf in) {
        int type = in.readUnsignedByte();
        return switch (type) {
            case DESCRIPTOR ->
                new Message.Descriptor(
                        Fields.readCount(in), DescriptionCodec.read(in), Fields.readBytes(in, MAX_METADATA));
            case RECEIVED -> new Message.Received(Fields.readCount(in));
            case MANIFEST -> new Message.Manifest(Fields.readCount(in));
            case TAKEN -> new Message.Taken(Fields.readCounts(in));
            case RELEASED -> new Message.Released(Fields.readCounts(in));
            default -> decodeRare(type, in);
        };
    }

    /** Those that are not there by the thousands. */
    private static Message decodeRare(int type, ByteBuf in) {
        return switch (type) {
            case HELLO -> {
                readMagic(in);
                yield new Message.Hello(
                        in.readUnsignedShort(),
                        in.readUnsignedShort(),
                        readPurpose(in),
                        in.readLong(),
                        Fields.readToken(in),
                        Fields.readString(in));
            }
            case WELCOME ->
                new Message.Welcome(
                        in.readUnsignedShort(),
                        in.readLong(),
                        Fields.readCount(in),
                        Fields.readToken(in),
                        in.readLong());
            case ATTACH -> {
                readMagic(in);
                yield new Message.Attach(in.readUnsignedShort(), Fields.readToken(in));
            }
            case WITHDRAWN -> new Message.Withdrawn(Fields.readCount(in));
            case STATE -> {
                boolean last = in.readBoolean();
                yield new Message.State(Fields.readString(in), last, Fields.readBytes(in, MAX_STATE_PIECE));
            }
            case END -> new Message.End();
            case READY -> new Message.Ready();
            case COMMIT -> new Message.Commit(readMillis(in));
            case SERVING -> new Message.Serving(Fields.readCounts(in));
            case DRAINED -> new Message.Drained(in.readLong());
            case ALIVE -> new Message.Alive(in.readBoolean());
            case CONFIRMED -> new Message.Confirmed();
            case ROLL_BACK -> new Message.RollBack(Fields.readString(in));
            case ROLLED_BACK -> new Message.RolledBack(Fields.readString(in));
            case AGE -> new Message.Age(Fields.readCount(in));
            case ABORT -> new Message.Abort(Fields.readString(in));
            case REFUSED -> new Message.Refused(Fields.readCount(in), Fields.readString(in));
            default -> throw new ProtocolException("unknown message type " + type);
        };
    }

    private static long readMillis(ByteBuf in) {
        long millis = in.readLong();
        if (millis < 0) {
            throw new ProtocolException("no time is that long: " + Long.toUnsignedString(millis) + " ms");
        }
        return millis;
    }

    private static int wire(Message.Purpose purpose) {
        return switch (purpose) {
            case TAKE_OVER -> TAKE_OVER;
            case RECEIVE -> RECEIVE;
            case MIGRATE -> MIGRATE;
        };
    }

    private static Message.Purpose readPurpose(ByteBuf in) {
        int purpose = in.readUnsignedByte();
        return switch (purpose) {
            case TAKE_OVER -> Message.Purpose.TAKE_OVER;
            case RECEIVE -> Message.Purpose.RECEIVE;
            case MIGRATE -> Message.Purpose.MIGRATE;
            default -> throw new ProtocolException("unknown purpose " + purpose);
        };
    }

    private static String shorten(String reason) {
        return reason.length() <= MAX_STRING / 4 ? reason : reason.substring(0, MAX_STRING / 4);
    }

    private static void readMagic(ByteBuf in) {
        int magic = in.readInt();
        if (magic != MAGIC) {
            throw new ProtocolException("not the handoff protocol: it begins with 0x" + Integer.toHexString(magic));
        }
    }
}
