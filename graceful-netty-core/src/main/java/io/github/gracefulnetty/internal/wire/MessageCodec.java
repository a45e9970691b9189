// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import io.netty.buffer.ByteBuf;

/**
 * The version and the limits of the protocol, its frames, and the table of its messages. A frame is a four-byte length and a
 * {@link Message}. All numbers are big-endian and unsigned.
 */
public final class MessageCodec {
    /** The protocol version that this code speaks. */
    public static final int VERSION = 1;

    /** The largest frame, its length field not counted. */
    public static final int MAX_FRAME = 1 << 20;

    /** The most descriptors that one handoff may announce. */
    public static final int MAX_DESCRIPTORS = Fields.MAX_COUNT;

    /** The most bytes of metadata that go with one descriptor. */
    public static final int MAX_METADATA = Fields.MAX_METADATA;

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

    private MessageCodec() {}

    /**
     * Writes a whole frame, length included. When this throws, a part of it may have been written.
     *
     * @throws IllegalArgumentException if a field is larger than the protocol allows
     */
    public static void encode(Message message, ByteBuf out) {
        int start = out.writerIndex();
        out.writeInt(0);
        message.write(out);
        out.setInt(start, out.writerIndex() - start - Integer.BYTES);
    }

    /**
     * Reads one frame's type and fields; the length field is gone already.
     *
     * @throws ProtocolException if they are not exactly one message
     */
    public static Message decode(ByteBuf in) {
        Message message;
        try {
            message = read(in);
        } catch (IndexOutOfBoundsException e) {
            throw new ProtocolException("message ends in the middle of a field");
        }
        if (in.isReadable()) {
            throw new ProtocolException(in.readableBytes() + " bytes too many after a "
                    + message.getClass().getSimpleName() + " message");
        }
        return message;
    }

    /** The table of all messages. A switch: a map of method references would be much to load for a JVM that is young. */
    private static Message read(ByteBuf in) {
        int type = in.readUnsignedByte();
        return switch (type) {
            case Message.Hello.TYPE -> Message.Hello.read(in);
            case Message.Welcome.TYPE -> Message.Welcome.read(in);
            case Message.Attach.TYPE -> Message.Attach.read(in);
            case Message.Manifest.TYPE -> Message.Manifest.read(in);
            case Message.Descriptor.TYPE -> Message.Descriptor.read(in);
            case Message.Received.TYPE -> Message.Received.read(in);
            case Message.Ready.TYPE -> new Message.Ready();
            case Message.Commit.TYPE -> Message.Commit.read(in);
            case Message.Serving.TYPE -> Message.Serving.read(in);
            case Message.Drained.TYPE -> Message.Drained.read(in);
            case Message.Abort.TYPE -> Message.Abort.read(in);
            case Message.State.TYPE -> Message.State.read(in);
            case Message.Withdrawn.TYPE -> Message.Withdrawn.read(in);
            case Message.End.TYPE -> new Message.End();
            case Message.Alive.TYPE -> Message.Alive.read(in);
            case Message.Confirmed.TYPE -> new Message.Confirmed();
            case Message.RollBack.TYPE -> Message.RollBack.read(in);
            case Message.RolledBack.TYPE -> Message.RolledBack.read(in);
            case Message.Age.TYPE -> Message.Age.read(in);
            case Message.Taken.TYPE -> Message.Taken.read(in);
            case Message.Refused.TYPE -> Message.Refused.read(in);
            case Message.Released.TYPE -> Message.Released.read(in);
            default -> throw new ProtocolException("unknown message type " + type);
        };
    }
}
