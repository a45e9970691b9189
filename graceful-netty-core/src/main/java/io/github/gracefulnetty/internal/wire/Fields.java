// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.netty.buffer.ByteBuf;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What the fields of messages, and of metadata, consist of. Lengths are checked before anything is allocated. */
public final class Fields {
    /** "GNHO", the first field of the first message on every connection. */
    static final int MAGIC = 0x474e484f;

    /** The longest string, in bytes. */
    static final int MAX_STRING = 4096;

    /** In characters, each of which is at most three bytes. */
    private static final int MAX_REASON = MAX_STRING / 4;

    /** The largest count. */
    static final int MAX_COUNT = 1 << 20;

    static final int MAX_METADATA = 1 << 16;

    /** The most bytes in one piece of application state. */
    static final int MAX_STATE_PIECE = 1 << 18;

    private static final int ADDRESS_INET = 1;
    private static final int ADDRESS_UNIX = 2;

    private Fields() {}

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

    /** Writes a string for a person, of which only the beginning is sent if it is long. */
    static void writeReason(String reason, ByteBuf out) {
        writeString(reason.length() <= MAX_REASON ? reason : reason.substring(0, MAX_REASON), out);
    }

    static void readMagic(ByteBuf in) {
        int magic = in.readInt();
        if (magic != MAGIC) {
            throw new ProtocolException("not the handoff protocol: it begins with 0x" + Integer.toHexString(magic));
        }
    }

    static void writeToken(Token token, ByteBuf out) {
        out.writeBytes(token.bytes());
    }

    static Token readToken(ByteBuf in) {
        byte[] bits = new byte[Token.BYTES];
        in.readBytes(bits);
        return Token.of(bits);
    }

    static void writeCounts(List<Integer> counts, ByteBuf out) {
        out.writeInt(counts.size());
        for (int count : counts) {
            out.writeInt(count);
        }
    }

    static List<Integer> readCounts(ByteBuf in) {
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

    static int readCount(ByteBuf in) {
        long count = in.readUnsignedInt();
        if (count > MAX_COUNT) {
            throw new ProtocolException("a count of " + count + ", at most " + MAX_COUNT + " are allowed");
        }
        return (int) count;
    }
}
