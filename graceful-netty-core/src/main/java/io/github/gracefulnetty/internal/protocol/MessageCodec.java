// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocol;

import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.buffer.ByteBuf;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one place that turns messages into bytes and back. A frame is a four-byte length, one byte for the type, and the
 * fields in the order of {@code docs/protocol.md}; all numbers are big-endian and unsigned.
 */
public final class MessageCodec {
    /** The protocol version that this code speaks. */
    public static final int VERSION = 1;

    /** The largest frame, its length field not counted. */
    public static final int MAX_FRAME = 1 << 20;

    /** The most descriptors that one handoff may announce. */
    public static final int MAX_DESCRIPTORS = 1 << 20;

    /** The most bytes of metadata that go with one descriptor. */
    public static final int MAX_METADATA = 1 << 16;

    /** The most bytes in one piece of application state. */
    public static final int MAX_STATE_PIECE = 1 << 18;

    /** The most bytes of application state in one handoff, all names together, unless a receiver allows more. */
    public static final int MAX_STATE = 1 << 26;

    /** The most names of application state in one handoff. */
    public static final int MAX_STATE_NAMES = 1 << 10;

    /** The longest string, in bytes. */
    public static final int MAX_STRING = 4096;

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
    private static final int SETTLED = 16;
    private static final int SICK = 17;
    private static final int TAKEN_BACK = 18;
    private static final int AGE = 19;
    private static final int TAKEN = 20;
    private static final int REFUSED = 21;
    private static final int RELEASED = 22;

    private static final int NOTHING = 0;
    private static final int ADDRESS_INET = 1;
    private static final int ADDRESS_UNIX = 2;

    private static final int READABLE = 1;
    private static final int WRITABLE = 2;
    private static final int APPEND = 4;

    private static final int TAKE_OVER = 1;
    private static final int RECEIVE = 2;
    private static final int MIGRATE = 3;

    private static final DescriptorKind[] KINDS = DescriptorKind.values();

    private MessageCodec() {}

    /** Writes a whole frame, length included. */
    public static void encode(Message message, ByteBuf out) {
        int start = out.writerIndex();
        out.writeInt(0);
        if (message instanceof Message.Hello hello) {
            out.writeByte(HELLO).writeInt(MAGIC);
            out.writeShort(hello.minVersion()).writeShort(hello.maxVersion());
            out.writeByte(wire(hello.purpose()));
            out.writeLong(hello.pid()).writeBytes(hello.ticket().bytes());
            writeString(hello.application(), out);
        } else if (message instanceof Message.Welcome welcome) {
            out.writeByte(WELCOME).writeShort(welcome.version());
            out.writeLong(welcome.pid()).writeInt(welcome.generation());
            out.writeBytes(welcome.laneToken().bytes()).writeLong(welcome.readyWithinMillis());
        } else if (message instanceof Message.Attach attach) {
            out.writeByte(ATTACH).writeInt(MAGIC);
            out.writeShort(attach.version()).writeBytes(attach.laneToken().bytes());
        } else if (message instanceof Message.Manifest manifest) {
            out.writeByte(MANIFEST).writeInt(manifest.descriptors());
        } else if (message instanceof Message.Descriptor descriptor) {
            out.writeByte(DESCRIPTOR).writeInt(descriptor.index());
            writeDescription(descriptor.description(), out);
            writeBytes(descriptor.metadata(), MAX_METADATA, out);
        } else if (message instanceof Message.Withdrawn withdrawn) {
            out.writeByte(WITHDRAWN).writeInt(withdrawn.index());
        } else if (message instanceof Message.State state) {
            out.writeByte(STATE).writeBoolean(state.last());
            writeString(state.name(), out);
            writeBytes(state.piece(), MAX_STATE_PIECE, out);
        } else if (message instanceof Message.End) {
            out.writeByte(END);
        } else if (message instanceof Message.Received received) {
            out.writeByte(RECEIVED).writeInt(received.count());
        } else if (message instanceof Message.Ready) {
            out.writeByte(READY);
        } else if (message instanceof Message.Commit commit) {
            out.writeByte(COMMIT).writeLong(commit.probationMillis());
        } else if (message instanceof Message.Serving serving) {
            out.writeByte(SERVING);
            writeCounts(serving.unclaimed(), out);
        } else if (message instanceof Message.Drained drained) {
            out.writeByte(DRAINED).writeLong(drained.forced());
        } else if (message instanceof Message.Alive alive) {
            out.writeByte(ALIVE).writeBoolean(alive.undecided());
        } else if (message instanceof Message.Settled) {
            out.writeByte(SETTLED);
        } else if (message instanceof Message.Sick sick) {
            out.writeByte(SICK);
            writeString(shorten(sick.reason()), out);
        } else if (message instanceof Message.TakenBack takenBack) {
            out.writeByte(TAKEN_BACK);
            writeString(shorten(takenBack.reason()), out);
        } else if (message instanceof Message.Age age) {
            out.writeByte(AGE).writeInt(age.generations());
        } else if (message instanceof Message.Abort abort) {
            out.writeByte(ABORT);
            writeString(shorten(abort.reason()), out);
        } else {
            encodeOfLane(message, out);
        }
        out.setInt(start, out.writerIndex() - start - Integer.BYTES);
    }

    /** What is said on a lane of connections only. */
    private static void encodeOfLane(Message message, ByteBuf out) {
        if (message instanceof Message.Taken taken) {
            out.writeByte(TAKEN);
            writeCounts(taken.connections(), out);
        } else if (message instanceof Message.Refused refused) {
            out.writeByte(REFUSED).writeInt(refused.connection());
            writeString(shorten(refused.reason()), out);
        } else if (message instanceof Message.Released released) {
            out.writeByte(RELEASED);
            writeCounts(released.connections(), out);
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
            case HELLO -> {
                readMagic(in);
                yield new Message.Hello(
                        in.readUnsignedShort(),
                        in.readUnsignedShort(),
                        readPurpose(in),
                        in.readLong(),
                        readToken(in),
                        readString(in));
            }
            case WELCOME ->
                new Message.Welcome(in.readUnsignedShort(), in.readLong(), readCount(in), readToken(in), in.readLong());
            case ATTACH -> {
                readMagic(in);
                yield new Message.Attach(in.readUnsignedShort(), readToken(in));
            }
            case MANIFEST -> new Message.Manifest(readCount(in));
            case DESCRIPTOR -> new Message.Descriptor(readCount(in), readDescription(in), readBytes(in, MAX_METADATA));
            case WITHDRAWN -> new Message.Withdrawn(readCount(in));
            case STATE -> {
                boolean last = in.readBoolean();
                yield new Message.State(readString(in), last, readBytes(in, MAX_STATE_PIECE));
            }
            case END -> new Message.End();
            case RECEIVED -> new Message.Received(readCount(in));
            case READY -> new Message.Ready();
            case COMMIT -> new Message.Commit(readMillis(in));
            case SERVING -> new Message.Serving(readCounts(in));
            case DRAINED -> new Message.Drained(in.readLong());
            case ALIVE -> new Message.Alive(in.readBoolean());
            case SETTLED -> new Message.Settled();
            case SICK -> new Message.Sick(readString(in));
            case TAKEN_BACK -> new Message.TakenBack(readString(in));
            case AGE -> new Message.Age(readCount(in));
            case ABORT -> new Message.Abort(readString(in));
            case TAKEN -> new Message.Taken(readCounts(in));
            case REFUSED -> new Message.Refused(readCount(in), readString(in));
            case RELEASED -> new Message.Released(readCounts(in));
            default -> throw new ProtocolException("unknown message type " + type);
        };
    }

    private static void writeDescription(Description description, ByteBuf out) {
        out.writeByte(wire(description.kind()));
        StandardProtocolFamily family = description.family();
        out.writeByte(family == null ? NOTHING : wire(family));
        writeString(description.name(), out);
        writeOptionalAddress(description.local(), out);
        writeOptionalAddress(description.remote(), out);
        FileMode mode = description.mode();
        out.writeBoolean(mode != null);
        if (mode != null) {
            out.writeByte(
                    (mode.readable() ? READABLE : 0) | (mode.writable() ? WRITABLE : 0) | (mode.append() ? APPEND : 0));
            out.writeLong(mode.offset());
        }
    }

    private static Description readDescription(ByteBuf in) {
        DescriptorKind kind = readKind(in);
        StandardProtocolFamily family = readFamily(in);
        String name = readString(in);
        SocketAddress local = readOptionalAddress(in);
        SocketAddress remote = readOptionalAddress(in);
        FileMode mode = in.readBoolean() ? readMode(in) : null;
        Description description = new Description(kind, family, name, local, remote, mode);
        if (!isConsistent(description)) {
            throw new ProtocolException("the kind of a descriptor and what is said of it differ");
        }
        return description;
    }

    private static boolean isConsistent(Description description) {
        DescriptorKind kind = description.kind();
        boolean file = kind == DescriptorKind.FILE || kind == DescriptorKind.PIPE;
        return file == (description.mode() != null)
                && kind.isSocket() == (description.family() != null)
                && kind.isInternet()
                        == (description.family() != null && description.family() != StandardProtocolFamily.UNIX)
                && (!kind.isListener() || description.local() != null)
                && isConsistent(kind, description.local())
                && isConsistent(kind, description.remote());
    }

    private static boolean isConsistent(DescriptorKind kind, @Nullable SocketAddress address) {
        return address == null || (kind.isSocket() && kind.isInternet() == address instanceof InetSocketAddress);
    }

    private static int wire(DescriptorKind kind) {
        return switch (kind) {
            case TCP_LISTENER -> 1;
            case UNIX_LISTENER -> 2;
            case UNIXPACKET_LISTENER -> 3;
            case TCP_CONNECTION -> 4;
            case UNIX_CONNECTION -> 5;
            case UNIXPACKET_CONNECTION -> 6;
            case UDP -> 7;
            case UNIX_DATAGRAM -> 8;
            case FILE -> 9;
            case PIPE -> 10;
            case OTHER -> 11;
        };
    }

    private static DescriptorKind readKind(ByteBuf in) {
        int number = in.readUnsignedByte();
        for (DescriptorKind kind : KINDS) {
            if (wire(kind) == number) {
                return kind;
            }
        }
        throw new ProtocolException("unknown kind of descriptor " + number);
    }

    private static int wire(StandardProtocolFamily family) {
        return switch (family) {
            case UNIX -> 1;
            case INET -> 4;
            case INET6 -> 6;
        };
    }

    private static @Nullable StandardProtocolFamily readFamily(ByteBuf in) {
        int family = in.readUnsignedByte();
        return switch (family) {
            case NOTHING -> null;
            case 1 -> StandardProtocolFamily.UNIX;
            case 4 -> StandardProtocolFamily.INET;
            case 6 -> StandardProtocolFamily.INET6;
            default -> throw new ProtocolException("unknown address family " + family);
        };
    }

    private static FileMode readMode(ByteBuf in) {
        int flags = in.readUnsignedByte();
        long offset = in.readLong();
        if (flags > (READABLE | WRITABLE | APPEND) || offset < 0) {
            throw new ProtocolException("a file cannot be open like that: mode " + flags + ", offset " + offset);
        }
        return new FileMode((flags & READABLE) != 0, (flags & WRITABLE) != 0, (flags & APPEND) != 0, offset);
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

    private static void writeOptionalAddress(@Nullable SocketAddress address, ByteBuf out) {
        if (address == null) {
            out.writeByte(NOTHING);
        } else {
            writeAddress(address, out);
        }
    }

    private static @Nullable SocketAddress readOptionalAddress(ByteBuf in) {
        if (in.getByte(in.readerIndex()) == NOTHING) {
            in.skipBytes(1);
            return null;
        }
        return readAddress(in);
    }

    /** Writes an address, which may be a part of metadata, too. */
    public static void writeAddress(SocketAddress address, ByteBuf out) {
        if (address instanceof InetSocketAddress inet) {
            byte[] ip = inet.getAddress().getAddress();
            out.writeByte(ADDRESS_INET).writeByte(ip.length).writeBytes(ip);
            if (inet.getAddress() instanceof Inet6Address six) {
                out.writeInt(six.getScopeId());
            }
            out.writeShort(inet.getPort());
        } else if (address instanceof DomainSocketAddress unix) {
            out.writeByte(ADDRESS_UNIX);
            writeString(unix.path(), out);
        } else {
            throw new IllegalArgumentException("cannot announce the address " + address);
        }
    }

    /**
     * Reads what {@link #writeAddress} wrote.
     *
     * @throws ProtocolException if that is no address
     * @throws IndexOutOfBoundsException if it ends too early
     */
    public static SocketAddress readAddress(ByteBuf in) {
        int type = in.readUnsignedByte();
        if (type == ADDRESS_UNIX) {
            return new DomainSocketAddress(readString(in));
        }
        if (type != ADDRESS_INET) {
            throw new ProtocolException("unknown type of address " + type);
        }
        int length = in.readUnsignedByte();
        if (length != 4 && length != 16) {
            throw new ProtocolException("an IP address has 4 or 16 bytes, not " + length);
        }
        byte[] ip = new byte[length];
        in.readBytes(ip);
        try {
            int scope = length == 16 ? in.readInt() : 0;
            InetAddress address =
                    scope == 0 ? InetAddress.getByAddress(ip) : Inet6Address.getByAddress(null, ip, scope);
            return new InetSocketAddress(address, in.readUnsignedShort());
        } catch (UnknownHostException e) {
            throw new IllegalStateException("the length was checked", e);
        }
    }

    /** Writes a string, which may be a part of metadata, too. */
    public static void writeString(String text, ByteBuf out) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_STRING) {
            throw new IllegalArgumentException(
                    "a string in a message has at most " + MAX_STRING + " bytes, this one " + bytes.length);
        }
        out.writeShort(bytes.length).writeBytes(bytes);
    }

    /**
     * Reads what {@link #writeString} wrote.
     *
     * @throws ProtocolException if that is no string
     * @throws IndexOutOfBoundsException if it ends too early
     */
    public static String readString(ByteBuf in) {
        int length = in.readUnsignedShort();
        if (length > MAX_STRING) {
            throw new ProtocolException("a string of " + length + " bytes, at most " + MAX_STRING + " are allowed");
        }
        if (length == 0) {
            return "";
        }
        byte[] bytes = new byte[length];
        in.readBytes(bytes);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new ProtocolException("a string that is not UTF-8");
        }
    }

    /** Writes bytes, which may be a part of metadata, too. */
    public static void writeBytes(Bytes bytes, int most, ByteBuf out) {
        if (bytes.length() > most) {
            throw new IllegalArgumentException(bytes + ", at most " + most + " are allowed");
        }
        out.writeInt(bytes.length()).writeBytes(bytes.array());
    }

    /**
     * Reads what {@link #writeBytes} wrote.
     *
     * @throws ProtocolException if there are more than {@code most}, or it ends too early
     */
    public static Bytes readBytes(ByteBuf in, int most) {
        long length = in.readUnsignedInt();
        if (length > most) {
            throw new ProtocolException(length + " bytes, at most " + most + " are allowed");
        }
        if (length > in.readableBytes()) {
            throw new ProtocolException("message ends in the middle of a field");
        }
        byte[] array = new byte[(int) length];
        in.readBytes(array);
        return Bytes.of(array);
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

    private static Token readToken(ByteBuf in) {
        byte[] bits = new byte[Token.BYTES];
        in.readBytes(bits);
        return Token.of(bits);
    }

    private static void writeCounts(List<Integer> counts, ByteBuf out) {
        out.writeInt(counts.size());
        counts.forEach(out::writeInt);
    }

    private static List<Integer> readCounts(ByteBuf in) {
        int length = readCount(in);
        if ((long) length * Integer.BYTES > in.readableBytes()) {
            throw new ProtocolException("message ends in the middle of a field");
        }
        List<Integer> counts = new ArrayList<>(length);
        for (int i = 0; i < length; i++) {
            counts.add(readCount(in));
        }
        return counts;
    }

    private static int readCount(ByteBuf in) {
        long count = in.readUnsignedInt();
        if (count > MAX_DESCRIPTORS) {
            throw new ProtocolException("a count of " + count + ", at most " + MAX_DESCRIPTORS + " are allowed");
        }
        return (int) count;
    }
}
