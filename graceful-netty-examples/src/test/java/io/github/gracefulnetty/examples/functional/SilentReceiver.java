// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.Token;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** Asks for descriptors, opens both connections, and from then on neither reads nor says anything. */
final class SilentReceiver implements AutoCloseable {
    private static final int VERSION = MessageCodec.VERSION;

    private final SocketChannel bytes;
    private final SocketChannel lane;

    SilentReceiver(Path path) throws IOException {
        bytes = SocketChannel.open(UnixDomainSocketAddress.of(path));
        say(bytes, new Message.Hello(VERSION, VERSION, Message.Purpose.RECEIVE, 1, Token.NONE));
        DataInputStream in = new DataInputStream(Channels.newInputStream(bytes));
        byte[] frame = new byte[in.readInt()];
        in.readFully(frame);
        Message.Welcome welcome = (Message.Welcome) MessageCodec.decode(Unpooled.wrappedBuffer(frame));
        lane = SocketChannel.open(UnixDomainSocketAddress.of(path));
        say(lane, new Message.Attach(VERSION, welcome.laneToken()));
    }

    private static void say(SocketChannel channel, Message message) throws IOException {
        ByteBuf frame = Unpooled.buffer();
        MessageCodec.encode(message, frame);
        channel.write(frame.nioBuffer());
    }

    @Override
    public void close() throws IOException {
        bytes.close();
        lane.close();
    }
}
