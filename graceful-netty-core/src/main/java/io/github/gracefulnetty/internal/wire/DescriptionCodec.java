// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.FileMode;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import org.jspecify.annotations.Nullable;

/** The part of {@link Message.Descriptor} that says what a descriptor is. */
final class DescriptionCodec {
    private static final int NOTHING = 0;

    private static final int READABLE = 1;
    private static final int WRITABLE = 2;
    private static final int APPEND = 4;

    private static final DescriptorKind[] KINDS = DescriptorKind.values();

    private DescriptionCodec() {}

    static void write(Description description, ByteBuf out) {
        out.writeByte(wire(description.kind()));
        StandardProtocolFamily family = description.family();
        out.writeByte(family == null ? NOTHING : wire(family));
        Fields.writeString(description.name(), out);
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

    static Description read(ByteBuf in) {
        DescriptorKind kind = readKind(in);
        StandardProtocolFamily family = readFamily(in);
        String name = Fields.readString(in);
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

    private static void writeOptionalAddress(@Nullable SocketAddress address, ByteBuf out) {
        if (address == null) {
            out.writeByte(NOTHING);
        } else {
            Fields.writeAddress(address, out);
        }
    }

    private static @Nullable SocketAddress readOptionalAddress(ByteBuf in) {
        if (in.getByte(in.readerIndex()) == NOTHING) {
            in.skipBytes(1);
            return null;
        }
        return Fields.readAddress(in);
    }
}
