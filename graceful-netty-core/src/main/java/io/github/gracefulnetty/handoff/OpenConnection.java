// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.descriptor.OwnedDescriptor;
import io.github.gracefulnetty.internal.descriptor.UnixSockets;
import io.github.gracefulnetty.internal.process.SocketPair;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.DescriptorReceiver;
import io.github.gracefulnetty.internal.transfer.PeerCheck;
import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.github.gracefulnetty.internal.wire.ControlHandler;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.ProtocolException;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.PeerCredentials;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * A connection of the application's own, on which a handoff begins. It must never carry bytes and descriptors at the same
 * time, so it changes its mode once, hand-shaken, for one descriptor only: the receiver changes its read mode, and says
 * that it has (Attach); the sender sends one end of a fresh descriptor connection, in which one end of a fresh byte
 * connection waits already; the receiver changes back. Everything else goes over these two. On the connection's loop.
 */
final class OpenConnection {
    private static final String WHERE = "the other end of the connection";

    private final NativeTransport transport;
    private final ControlLoop control;
    private final Channel connection;
    private final Duration patience;
    private final CompletableFuture<Pair> result = new CompletableFuture<>();

    /** The two connections of a handoff, not registered yet. */
    record Pair(Channel bytes, Channel lane, PeerCredentials peer) {
        void close() {
            bytes.unsafe().closeForcibly();
            lane.unsafe().closeForcibly();
        }
    }

    OpenConnection(NativeTransport transport, ControlLoop control, Channel connection, Duration patience) {
        this.transport = transport;
        this.control = control;
        this.connection = connection;
        this.patience = patience;
    }

    /** Gets the connections from the sender at the other end. */
    CompletableFuture<Pair> receive() {
        try {
            begin(new Receiving(PeerCheck.of(transport, connection, WHERE)));
        } catch (PeerCheck.Refused | IllegalArgumentException e) {
            result.completeExceptionally(e);
        }
        return result;
    }

    /** Waits for the receiver at the other end, and gives it the connections. */
    CompletableFuture<Pair> send() {
        try {
            begin(new Sending(PeerCheck.of(transport, connection, WHERE)));
        } catch (PeerCheck.Refused | IllegalArgumentException e) {
            result.completeExceptionally(e);
        }
        return result;
    }

    private void begin(ChannelInboundHandlerAdapter handler) {
        ScheduledFuture<?> deadline = control.schedule(
                () -> result.completeExceptionally(new HandoffException(WHERE + " was silent for "
                        + patience.toMillis() + " ms: it has not begun to "
                        + (handler instanceof Receiving ? "send" : "receive"))),
                patience);
        connection.pipeline().addFirst(handler);
        result.whenComplete((pair, failure) -> {
            deadline.cancel(false);
            if (connection.pipeline().context(handler) != null) {
                connection.pipeline().remove(handler);
            }
        });
    }

    /** Nobody waits for the connections any more. */
    void cancel() {
        result.completeExceptionally(new HandoffException("cancelled"));
    }

    /** @throws IOException if there can be no such channels; both are closed then */
    private Pair adopt(PeerCredentials peer, FileDescriptor bytes, FileDescriptor lane) throws IOException {
        OwnedDescriptor ownedLane = new OwnedDescriptor(lane);
        try {
            Channel byteConnection = new OwnedDescriptor(bytes).adopt(transport, DescriptorKind.UNIX_CONNECTION);
            try {
                return new Pair(byteConnection, ownedLane.adopt(transport, DescriptorKind.UNIX_CONNECTION), peer);
            } catch (Throwable t) {
                byteConnection.unsafe().closeForcibly();
                throw t;
            }
        } catch (Throwable t) {
            ownedLane.close();
            throw t;
        }
    }

    /** The first handler of the receiver's pipeline, as long as the sender has not answered. */
    private final class Receiving extends ControlHandler {
        private final PeerCredentials peer;

        Receiving(PeerCredentials peer) {
            this.peer = peer;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            transport.switchReading(connection, true);
            // In a task of its own: the read that is under way, if there is one, still reads bytes.
            control.execute(() -> {
                if (!context.isRemoved()) {
                    ByteBuf go = context.alloc().buffer();
                    MessageCodec.encode(new Message.Attach(MessageCodec.VERSION, Token.NONE), go);
                    context.writeAndFlush(go);
                    context.read();
                }
            });
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext context) {
            transport.switchReading(connection, false);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (!(message instanceof FileDescriptor lane)) {
                context.fireChannelRead(message);
                return;
            }
            try {
                Pair pair = adopt(lane);
                transport.receiveDescriptors(pair.lane());
                context.pipeline().remove(this);
                if (!result.complete(pair)) {
                    pair.close();
                }
            } catch (Throwable t) {
                result.completeExceptionally(t);
            }
        }

        private int receive(FileDescriptor lane) throws IOException {
            try {
                return NativeCalls.call(() -> new Socket(lane.intValue()).recvFd());
            } catch (IOException e) {
                throw new IOException(DescriptorReceiver.whyNotReceived(e), e);
            }
        }

        private Pair adopt(FileDescriptor lane) throws IOException {
            int bytes;
            try {
                if (transport.inspect(lane.intValue()).kind() != DescriptorKind.UNIX_CONNECTION) {
                    throw new ProtocolException("the sender's first descriptor is not a unix connection");
                }
                bytes = receive(lane);
                if (bytes <= 0) {
                    throw new ProtocolException(
                            "the sender's descriptor connection does not carry its byte connection");
                }
            } catch (Throwable t) {
                UnixSockets.closeBecause(t, lane);
                throw t;
            }
            return OpenConnection.this.adopt(peer, new FileDescriptor(bytes), lane);
        }

        @Override
        protected void caught(ChannelHandlerContext context, Throwable cause) {
            if (!(cause instanceof IOException)) {
                context.fireExceptionCaught(cause);
            } else {
                result.completeExceptionally(new HandoffException(DescriptorReceiver.whyNotReceived(cause), cause));
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            result.completeExceptionally(new HandoffException("the sender hung up"));
            context.fireChannelInactive();
        }
    }

    /** The first handler of the sender's pipeline, as long as the receiver has not said that it is ready. */
    private final class Sending extends ByteToMessageDecoder {
        private final PeerCredentials peer;

        Sending(PeerCredentials peer) {
            this.peer = peer;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            context.read();
        }

        @Override
        protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
            if (in.readableBytes() < Integer.BYTES) {
                return;
            }
            int length = in.getInt(in.readerIndex());
            if (length != ATTACH_LENGTH) {
                result.completeExceptionally(new ProtocolException("the receiver does not speak the handoff protocol"));
                return;
            }
            if (in.readableBytes() < Integer.BYTES + length) {
                return;
            }
            in.skipBytes(Integer.BYTES);
            try {
                if (!(MessageCodec.decode(in.readSlice(length)) instanceof Message.Attach attach)
                        || attach.version() != MessageCodec.VERSION) {
                    throw new ProtocolException(
                            "the receiver does not begin with Attach in protocol version " + MessageCodec.VERSION);
                }
                Pair pair = give();
                if (!result.complete(pair)) {
                    pair.close();
                }
            } catch (Throwable t) {
                result.completeExceptionally(t);
            }
        }

        private Pair give() throws IOException {
            SocketPair bytes = SocketPair.open();
            @Nullable SocketPair lane = null;
            try {
                lane = SocketPair.open();
                give(lane.near(), bytes.far());
                give((Socket) ((UnixChannel) connection).fd(), lane.far());
                bytes.far().close();
                lane.far().close();
            } catch (Throwable t) {
                bytes.closeBecause(t);
                if (lane != null) {
                    lane.closeBecause(t);
                }
                throw t;
            }
            return adopt(peer, bytes.near(), lane.near());
        }

        private void give(Socket over, Socket end) throws IOException {
            if (over.sendFd(end.intValue()) <= 0) {
                throw new IOException("there is no room on the connection: wait until all your own bytes are written");
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) throws Exception {
            result.completeExceptionally(new HandoffException("the receiver hung up"));
            super.channelInactive(context);
        }
    }

    private static final int ATTACH_LENGTH = 1 + Integer.BYTES + Short.BYTES + Token.BYTES;
}
