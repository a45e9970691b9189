// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.transport.SocketKind;
import io.netty.buffer.ByteBuf;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * The one place that turns messages into bytes and back. A frame is a four-byte length, one byte for the type, and the
 * fields in the order of {@code docs/protocol.md}; all numbers are big-endian and unsigned.
 */
public final class MessageCodec {
    /** The protocol version that this code speaks. */
    public static final int VERSION = 1;

    /** The largest frame, its length field not counted. */
    public static final int MAX_FRAME = 1 << 20;

    /** The most listeners that one handoff may announce. */
    public static final int MAX_LISTENERS = 1 << 20;

    /** The most descriptors that may be sent ahead of {@link Message.Received}. */
    public static final int WINDOW = 64;

    /** "GNHO", the first field of the first message on every connection. */
    static final int MAGIC = 0x474e484f;

    private static final int MAX_STRING = 4096;

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

    private static final int ADDRESS_INET = 1;
    private static final int ADDRESS_UNIX = 2;

    private MessageCodec() {}

    /** Writes a whole frame, length included. */
    public static void encode(Message message, ByteBuf out) {
        int start = out.writerIndex();
        out.writeInt(0);
        if (message instanceof Message.Hello hello) {
            out.writeByte(HELLO).writeInt(MAGIC);
            out.writeShort(hello.minVersion()).writeShort(hello.maxVersion());
            out.writeLong(hello.pid()).writeBytes(hello.ticket().bytes());
        } else if (message instanceof Message.Welcome welcome) {
            out.writeByte(WELCOME).writeShort(welcome.version());
            out.writeLong(welcome.pid()).writeInt(welcome.generation());
            out.writeBytes(welcome.laneToken().bytes()).writeLong(welcome.readyWithinMillis());
        } else if (message instanceof Message.Attach attach) {
            out.writeByte(ATTACH).writeInt(MAGIC);
            out.writeShort(attach.version()).writeBytes(attach.laneToken().bytes());
        } else if (message instanceof Message.Manifest manifest) {
            out.writeByte(MANIFEST).writeInt(manifest.listeners());
        } else if (message instanceof Message.Descriptor descriptor) {
            out.writeByte(DESCRIPTOR).writeInt(descriptor.index());
            writeListener(descriptor.listener(), out);
        } else if (message instanceof Message.Received received) {
            out.writeByte(RECEIVED).writeInt(received.count());
        } else if (message instanceof Message.Ready) {
            out.writeByte(READY);
        } else if (message instanceof Message.Commit) {
            out.writeByte(COMMIT);
        } else if (message instanceof Message.Serving) {
            out.writeByte(SERVING);
        } else if (message instanceof Message.Drained drained) {
            out.writeByte(DRAINED).writeLong(drained.forced());
        } else if (message instanceof Message.Abort abort) {
            out.writeByte(ABORT);
            writeString(shorten(abort.reason()), out);
        }
        out.setInt(start, out.writerIndex() - start - Integer.BYTES);
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
                yield new Message.Hello(in.readUnsignedShort(), in.readUnsignedShort(), in.readLong(), readToken(in));
            }
            case WELCOME ->
                new Message.Welcome(in.readUnsignedShort(), in.readLong(), readCount(in), readToken(in), in.readLong());
            case ATTACH -> {
                readMagic(in);
                yield new Message.Attach(in.readUnsignedShort(), readToken(in));
            }
            case MANIFEST -> new Message.Manifest(readCount(in));
            case DESCRIPTOR -> new Message.Descriptor(readCount(in), readListener(in));
            case RECEIVED -> new Message.Received(readCount(in));
            case READY -> new Message.Ready();
            case COMMIT -> new Message.Commit();
            case SERVING -> new Message.Serving();
            case DRAINED -> new Message.Drained(in.readLong());
            case ABORT -> new Message.Abort(readString(in));
            default -> throw new ProtocolException("unknown message type " + type);
        };
    }

    private static void writeListener(ListenerDescription listener, ByteBuf out) {
        out.writeByte(listener.kind() == SocketKind.TCP ? ADDRESS_INET : ADDRESS_UNIX);
        out.writeBoolean(listener.removePath());
        writeString(listener.name(), out);
        writeAddress(listener.bound(), out);
        writeAddress(listener.requested(), out);
    }

    private static ListenerDescription readListener(ByteBuf in) {
        SocketKind kind = switch (in.readUnsignedByte()) {
            case ADDRESS_INET -> SocketKind.TCP;
            case ADDRESS_UNIX -> SocketKind.UNIX;
            default -> throw new ProtocolException("unknown kind of listener");
        };
        boolean removePath = in.readBoolean();
        String name = readString(in);
        SocketAddress bound = readAddress(in);
        SocketAddress requested = readAddress(in);
        boolean inet = bound instanceof InetSocketAddress;
        if (inet != (kind == SocketKind.TCP) || inet != requested instanceof InetSocketAddress) {
            throw new ProtocolException("the kind of a listener and its addresses differ");
        }
        return new ListenerDescription(kind, name, bound, requested, removePath);
    }

    private static void writeAddress(SocketAddress address, ByteBuf out) {
        if (address instanceof InetSocketAddress inet) {
            byte[] ip = inet.getAddress().getAddress();
            out.writeByte(ADDRESS_INET).writeByte(ip.length).writeBytes(ip).writeShort(inet.getPort());
        } else if (address instanceof DomainSocketAddress unix) {
            out.writeByte(ADDRESS_UNIX);
            writeString(unix.path(), out);
        } else {
            throw new IllegalArgumentException("cannot announce the address " + address);
        }
    }

    private static SocketAddress readAddress(ByteBuf in) {
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
            return new InetSocketAddress(InetAddress.getByAddress(ip), in.readUnsignedShort());
        } catch (UnknownHostException e) {
            throw new IllegalStateException("the length was checked", e);
        }
    }

    private static void writeString(String text, ByteBuf out) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_STRING) {
            throw new IllegalArgumentException(
                    "a string in a message has at most " + MAX_STRING + " bytes, this one " + bytes.length);
        }
        out.writeShort(bytes.length).writeBytes(bytes);
    }

    private static String readString(ByteBuf in) {
        int length = in.readUnsignedShort();
        if (length > MAX_STRING) {
            throw new ProtocolException("a string of " + length + " bytes, at most " + MAX_STRING + " are allowed");
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

    private static int readCount(ByteBuf in) {
        long count = in.readUnsignedInt();
        if (count > MAX_LISTENERS) {
            throw new ProtocolException("a count of " + count + ", at most " + MAX_LISTENERS + " are allowed");
        }
        return (int) count;
    }
}
