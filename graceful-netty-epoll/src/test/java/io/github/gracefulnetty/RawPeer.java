// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

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
import java.util.List;

/** Somebody at the handoff path who says what he likes: bytes, or messages in any order. Blocks. */
final class RawPeer implements AutoCloseable {
    private final SocketChannel channel;
    private final DataInputStream in;

    RawPeer(Path path) throws IOException {
        channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
        in = new DataInputStream(Channels.newInputStream(channel));
    }

    /**
     * A successor that serves from now on, and whose words are then chosen by the test. Its descriptors are closed as soon
     * as they come.
     */
    static RawPeer takeOver(Path path, Token ticket) throws IOException {
        RawPeer successor = new RawPeer(path);
        successor.say(new Message.Hello(1, 1, Message.Purpose.TAKE_OVER, 1, ticket));
        Token token = successor.hear(Message.Welcome.class).laneToken();
        try (RawPeer lane = new RawPeer(path)) {
            lane.say(new Message.Attach(1, token));
            int count = successor.hear(Message.Manifest.class).descriptors();
            for (int i = 0; i < count; i++) {
                successor.hear(Message.Descriptor.class);
            }
            successor.say(new Message.Received(count)).say(new Message.Ready());
            successor.hear(Message.Commit.class);
            successor.say(new Message.Serving(List.of()));
        }
        return successor;
    }

    RawPeer say(byte... bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        return this;
    }

    RawPeer say(Message message) throws IOException {
        return say(bytes(message));
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

    Message hear() throws IOException {
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

    /** The reason of the Abort that has to come now, followed by the end of the stream. */
    String hearAbort() throws IOException {
        String reason = hear(Message.Abort.class).reason();
        hearEnd();
        return reason;
    }

    /** The end of the stream, or a reset: what was sent may not have been read. */
    void hearEnd() throws IOException {
        try {
            int next = in.read();
            if (next >= 0) {
                throw new AssertionError("expected the end, heard " + next);
            }
        } catch (EOFException e) {
            // the end
        } catch (IOException e) {
            if (!"Connection reset by peer".equals(e.getMessage()) && !"Connection reset".equals(e.getMessage())) {
                throw e;
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
