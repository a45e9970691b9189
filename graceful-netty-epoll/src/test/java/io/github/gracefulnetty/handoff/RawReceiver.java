// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.Token;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A receiver that says what a test likes, and reads only when it is told to. Blocks. */
final class RawReceiver implements AutoCloseable {
    private static final int VERSION = MessageCodec.VERSION;

    private final Path path;
    private final SocketChannel bytes;
    private final DataInputStream in;
    private @Nullable SocketChannel lane;

    RawReceiver(Path path) throws IOException {
        this.path = path;
        bytes = SocketChannel.open(UnixDomainSocketAddress.of(path));
        in = new DataInputStream(Channels.newInputStream(bytes));
    }

    /** One that has said hello, and was welcomed. */
    static RawReceiver welcomed(Path path) throws IOException {
        RawReceiver receiver = new RawReceiver(path);
        receiver.say(new Message.Hello(VERSION, VERSION, Message.Purpose.RECEIVE, 1, Token.NONE));
        receiver.laneToken = receiver.hear(Message.Welcome.class).laneToken();
        return receiver;
    }

    /** One that has both connections. What is sent to it stays in the kernel. */
    static RawReceiver attached(Path path) throws IOException {
        RawReceiver receiver = welcomed(path);
        receiver.lane = receiver.attach();
        return receiver;
    }

    private Token laneToken = Token.NONE;

    /** A descriptor connection that shows the token of the welcome. */
    SocketChannel attach() throws IOException {
        SocketChannel connection = SocketChannel.open(UnixDomainSocketAddress.of(path));
        write(connection, attachment());
        return connection;
    }

    /** What is said on such a connection. */
    byte[] attachment() {
        return bytes(new Message.Attach(VERSION, laneToken));
    }

    static byte[] bytes(Message... messages) {
        ByteBuf frames = Unpooled.buffer();
        for (Message message : messages) {
            MessageCodec.encode(message, frames);
        }
        byte[] bytes = new byte[frames.readableBytes()];
        frames.readBytes(bytes);
        return bytes;
    }

    void say(Message message) throws IOException {
        say(bytes(message));
    }

    void say(byte... words) throws IOException {
        write(bytes, words);
    }

    void sayOnLane(byte... words) throws IOException {
        if (lane != null) {
            write(lane, words);
        }
    }

    static void write(SocketChannel channel, byte... words) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(words);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    Message hear() throws IOException {
        return hear(in);
    }

    private static Message hear(DataInputStream in) throws IOException {
        byte[] frame = new byte[in.readInt()];
        in.readFully(frame);
        return MessageCodec.decode(Unpooled.wrappedBuffer(frame));
    }

    <T extends Message> T hear(Class<T> type) throws IOException {
        Message message = hear();
        if (!type.isInstance(message)) {
            throw new AssertionError("expected a " + type.getSimpleName() + ", heard " + message);
        }
        return type.cast(message);
    }

    /** The reason of the Abort that comes after anything else. */
    String hearReason() throws IOException {
        return hearReason(in);
    }

    /** The reason of the Abort that comes after anything else on {@code connection}. */
    static String hearReason(SocketChannel connection) throws IOException {
        return hearReason(new DataInputStream(Channels.newInputStream(connection)));
    }

    private static String hearReason(DataInputStream in) throws IOException {
        try {
            while (true) {
                if (hear(in) instanceof Message.Abort abort) {
                    return abort.reason();
                }
            }
        } catch (EOFException e) {
            throw new AssertionError("the end came before a reason", e);
        }
    }

    /** Whether the sender has closed the byte connection; what it said before is not read. */
    boolean isLeft() {
        try {
            say(new Message.Received(0));
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        bytes.close();
        if (lane != null) {
            lane.close();
        }
    }
}
