// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.handoff.DescriptorReceiver;
import io.github.gracefulnetty.handoff.InheritedListener;
import io.github.gracefulnetty.handoff.Message;
import io.github.gracefulnetty.handoff.MessageCodec;
import io.github.gracefulnetty.handoff.MessageHandler;
import io.github.gracefulnetty.handoff.ProtocolException;
import io.github.gracefulnetty.handoff.Token;
import io.github.gracefulnetty.internal.process.OwnUid;
import io.github.gracefulnetty.internal.process.UnixSocketFile;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.PeerCredentials;
import io.netty.util.ReferenceCountUtil;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * The successor's half of a handoff: one byte connection, and one that carries only descriptors. All on the control
 * loop. Owns every descriptor that arrives until it has told the listener that all are there.
 */
final class Takeover {
    /** How long the predecessor may be silent until all listeners are here. */
    private static final long SILENCE_MILLIS = 10_000;

    /** What happens, on the control loop. First one of {@link #received}, {@link #nobody} and {@link #failed}. */
    interface Events {
        /** All listeners are here; they are the receiver's to close. */
        void received(Takeover from, NativeTransport transport, List<InheritedListener> listeners);

        /** Nobody was there, or a dying predecessor. */
        void nobody(NativeTransport transport);

        /** There is a predecessor, but it did not work out. */
        void failed(HandoffException reason);

        /** The predecessor has committed: this process may accept. */
        void committed();

        /** The predecessor ended the handoff; it goes on serving. */
        void aborted(String reason);

        /** The predecessor hung up without a word: it is dead. */
        void predecessorLost();

        /** The predecessor has drained and goes. */
        void drained(long forced);
    }

    private enum Stage {
        RECEIVING,
        RECEIVED,
        OVER
    }

    private final NativeTransport transport;
    private final ControlLoop control;
    private final Path path;
    private final Token ticket;
    private final Events events;
    private final DescriptorReceiver receiver;

    private Stage stage = Stage.RECEIVING;
    private int generation;
    private long predecessorPid;
    private @Nullable Channel connection;
    private @Nullable Channel lane;
    private @Nullable ScheduledFuture<?> silence;

    Takeover(NativeTransport transport, ControlLoop control, Path path, Token ticket, Events events) {
        this.transport = transport;
        this.control = control;
        this.path = path;
        this.ticket = ticket;
        this.events = events;
        this.receiver = new DescriptorReceiver(transport);
    }

    int generation() {
        return generation;
    }

    long predecessorPid() {
        return predecessorPid;
    }

    /** Connects. On the control loop. */
    void start() {
        Channel channel = open(transport.newConnection(), new MessageHandler(), new Conversation());
        connection = channel;
        restartSilence();
        channel.connect(new DomainSocketAddress(path.toString())).addListener((ChannelFutureListener) future -> {
            if (future.isSuccess()) {
                connected(channel);
            } else {
                connectFailed(future.cause());
            }
        });
    }

    void ready() {
        send(new Message.Ready());
    }

    void serving() {
        send(new Message.Serving());
    }

    /** Ends the handoff from this side, if it is not over. */
    void abort(String reason) {
        if (stage != Stage.OVER) {
            over();
            Channel channel = connection;
            if (channel != null) {
                HandoffServer.refuse(channel, reason);
            }
        }
    }

    private Channel open(Channel channel, ChannelHandler... handlers) {
        channel.pipeline().addLast(handlers);
        control.register(channel);
        return channel;
    }

    private void connectFailed(Throwable cause) {
        if (cause instanceof FileNotFoundException || UnixSocketFile.isRefusal(cause)) {
            over();
            events.nobody(transport);
        } else {
            fail("cannot connect to unix:" + path + ": " + Reasons.of(cause));
        }
    }

    private void connected(Channel channel) {
        try {
            PeerCredentials peer = transport.peerCredentials(channel);
            int own = OwnUid.get();
            if (peer.uid() != own) {
                fail("unix:" + path + " belongs to uid " + peer.uid() + ", we are uid " + own + ": refused");
                return;
            }
        } catch (IOException e) {
            fail("cannot find out who listens at unix:" + path + ": " + e.getMessage());
            return;
        }
        send(new Message.Hello(
                MessageCodec.VERSION,
                MessageCodec.VERSION,
                ProcessHandle.current().pid(),
                ticket));
    }

    private void welcome(Message.Welcome welcome) {
        if (lane != null || welcome.version() != MessageCodec.VERSION) {
            fail("the predecessor chose protocol version " + welcome.version() + ", we speak " + MessageCodec.VERSION);
            return;
        }
        predecessorPid = welcome.pid();
        generation = welcome.generation();
        Channel channel = transport.newConnection();
        transport.receiveDescriptors(channel);
        lane = open(channel, new MessageHandler(), new Lane()); // one message goes out, descriptors come in
        channel.connect(new DomainSocketAddress(path.toString())).addListener((ChannelFutureListener) future -> {
            if (future.isSuccess()) {
                channel.writeAndFlush(new Message.Attach(MessageCodec.VERSION, welcome.laneToken()));
            } else {
                fail("cannot open the descriptor connection to unix:" + path + ": " + Reasons.of(future.cause()));
            }
        });
    }

    /** Something has come: acknowledges what is complete now. */
    private void progressed(int before) {
        if (receiver.count() > before) {
            send(new Message.Received(receiver.count()));
        }
        if (receiver.isComplete() && stage == Stage.RECEIVING) {
            stage = Stage.RECEIVED;
            cancelSilence();
            events.received(this, transport, receiver.take());
        }
    }

    private void send(Message message) {
        Channel channel = connection;
        if (channel != null) {
            channel.writeAndFlush(message);
        }
    }

    private void hungUp() {
        if (stage == Stage.OVER) {
            return;
        }
        Stage was = stage;
        over();
        if (was == Stage.RECEIVING) {
            events.nobody(transport); // it died: what it had is free, or bound by somebody else
        } else {
            events.predecessorLost();
        }
    }

    private void fail(String reason) {
        Stage was = stage;
        abort(reason);
        ended(was, reason);
    }

    private void ended(Stage was, String reason) {
        if (was == Stage.RECEIVING) {
            events.failed(new HandoffException(reason));
        } else if (was == Stage.RECEIVED) {
            events.aborted(reason);
        }
    }

    /** Ends this side: closes the descriptors that nobody has been given. The byte connection is closed by its user. */
    private void over() {
        stage = Stage.OVER;
        cancelSilence();
        receiver.close();
        if (lane != null) {
            lane.close();
        }
    }

    private void restartSilence() {
        cancelSilence();
        silence = control.schedule(
                () -> fail("the predecessor at unix:" + path + " was silent for " + SILENCE_MILLIS + " ms"),
                Duration.ofMillis(SILENCE_MILLIS));
    }

    private void cancelSilence() {
        ScheduledFuture<?> pending = silence;
        if (pending != null) {
            pending.cancel(false);
            silence = null;
        }
    }

    private final class Conversation extends SimpleChannelInboundHandler<Message> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, Message message) {
            if (stage == Stage.RECEIVING) {
                restartSilence();
            }
            if (message instanceof Message.Abort abort) {
                String reason = "the predecessor"
                        + (predecessorPid == 0 ? " at unix:" + path : " (pid " + predecessorPid + ")")
                        + " says: " + abort.reason();
                Stage was = stage;
                over();
                context.close();
                ended(was, reason);
            } else if (stage == Stage.RECEIVING && message instanceof Message.Welcome welcome) {
                welcome(welcome);
            } else if (stage == Stage.RECEIVING && message instanceof Message.Manifest manifest) {
                receiver.manifest(manifest);
                progressed(0);
            } else if (stage == Stage.RECEIVING && message instanceof Message.Descriptor descriptor) {
                int before = receiver.count();
                receiver.announced(descriptor);
                progressed(before);
            } else if (stage == Stage.RECEIVED && message instanceof Message.Commit) {
                events.committed();
            } else if (stage == Stage.RECEIVED && message instanceof Message.Drained drained) {
                over();
                context.close();
                events.drained(drained.forced());
            } else {
                fail("the predecessor said " + message.getClass().getSimpleName() + " when that was not due");
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            hungUp();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (Reasons.unwrap(cause) instanceof IOException) {
                context.close(); // a reset is a way to hang up
            } else {
                fail(Reasons.of(cause));
            }
        }
    }

    /** Receives descriptors, never bytes. */
    private final class Lane extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (!(message instanceof FileDescriptor descriptor)) {
                ReferenceCountUtil.release(message);
                return;
            }
            int before = receiver.count();
            try {
                receiver.arrived(descriptor);
            } catch (ProtocolException e) {
                fail(Reasons.of(e));
                return;
            }
            restartSilence();
            progressed(before);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            fail("receiving descriptors failed: " + Reasons.of(cause));
        }
    }
}
