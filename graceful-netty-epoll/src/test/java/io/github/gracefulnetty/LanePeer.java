// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.internal.process.SocketPair;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.Token;
import io.netty.buffer.Unpooled;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.Queue;

/** One end of a lane, which says whatever a test wants. */
final class LanePeer implements AutoCloseable {
    private final Socket bytes;
    private final Socket descriptors;
    private final ByteBuffer received = ByteBuffer.allocateDirect(1 << 16);
    private final Queue<Message> heard = new ArrayDeque<>();
    private boolean ended;

    /** @param ends what the predecessor offers; copies are taken of the first lane */
    LanePeer(List<DescriptorSender.Item> ends) throws IOException {
        bytes = copy(ends.get(0));
        descriptors = copy(ends.get(1));
    }

    /** The predecessor's end of a lane; the sockets are this peer's to close. */
    LanePeer(Socket bytes, Socket descriptors) {
        this.bytes = bytes;
        this.descriptors = descriptors;
    }

    private static Socket copy(DescriptorSender.Item end) throws IOException {
        return copy(Objects.requireNonNull(end.descriptor(), "open"));
    }

    /** A second descriptor, which is the caller's to close. */
    static Socket copy(FileDescriptor original) throws IOException {
        SocketPair pair = SocketPair.open();
        try {
            pair.near().sendFd(original.intValue());
            return new Socket(pair.far().recvFd());
        } finally {
            pair.close();
        }
    }

    LanePeer hello() throws IOException {
        say(new Message.Hello(MessageCodec.VERSION, MessageCodec.VERSION, Message.Purpose.MIGRATE, 4711, Token.NONE));
        hear(Message.Welcome.class);
        return this;
    }

    /** As a predecessor. */
    LanePeer welcome() throws IOException {
        hear(Message.Hello.class);
        say(new Message.Welcome(MessageCodec.VERSION, ProcessHandle.current().pid(), 1, Token.NONE, 0));
        return this;
    }

    /** As a predecessor: one more descriptor, which stays the caller's. */
    void send(Message.Descriptor announcement, FileDescriptor descriptor) throws IOException {
        say(new Message.Manifest(1), announcement);
        descriptors.sendFd(descriptor.intValue());
    }

    void say(Message... messages) throws IOException {
        byte[] frames = RawPeer.bytes(messages);
        ByteBuffer buffer = ByteBuffer.allocateDirect(frames.length).put(frames);
        bytes.write(buffer, 0, frames.length);
    }

    /** Waits for a message of that type, whatever comes before. */
    <T extends Message> T hear(Class<T> type) {
        await("a " + type.getSimpleName()).until(() -> {
            read();
            while (!heard.isEmpty() && !type.isInstance(heard.peek())) {
                heard.remove();
            }
            return !heard.isEmpty();
        });
        return type.cast(heard.remove());
    }

    private void read() throws IOException {
        int count = bytes.read(received, received.position(), received.limit());
        ended |= count < 0;
        received.position(received.position() + Math.max(0, count));
        received.flip();
        while (received.remaining() >= Integer.BYTES
                && received.remaining() - Integer.BYTES >= received.getInt(received.position())) {
            byte[] frame = new byte[received.getInt()];
            received.get(frame);
            heard.add(MessageCodec.decode(Unpooled.wrappedBuffer(frame)));
        }
        received.compact();
    }

    void hearEnd() {
        await("the end").until(() -> {
            read();
            return ended;
        });
    }

    /** A connection, which is this peer's to close. */
    Socket receive() {
        int[] number = {0};
        await("a descriptor").until(() -> {
            number[0] = descriptors.recvFd();
            return number[0] != 0;
        });
        return new Socket(number[0]);
    }

    @Override
    public void close() throws IOException {
        bytes.close();
        descriptors.close();
    }
}
