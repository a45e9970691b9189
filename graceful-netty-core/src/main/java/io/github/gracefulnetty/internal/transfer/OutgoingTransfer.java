// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.wire.ControlHandler;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import io.github.gracefulnetty.internal.wire.ProtocolException;
import io.github.gracefulnetty.internal.wire.Token;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The predecessor's half of a transfer, from the first answer until the receiver has everything. What is said before and
 * after is its user's. On one event loop. Owns the two connections.
 */
public final class OutgoingTransfer {
    /** What is sent: application states, by name, then descriptors. The streams are closed by the transfer. */
    public record Contents(Map<String, InputStream> states, List<? extends DescriptorSender.Item> items) {}

    /**
     * What happens. On the event loop. Whatever one of these methods throws, an {@link Error} too, ends this transfer and no
     * other, and its user hears of it by {@link #failed}.
     */
    public interface Events extends Failure.Listener {
        /** The receiver has everything that was given so far. */
        void sent();

        /** The receiver said something else; {@code false} if that was not due. */
        boolean said(Message message);

        /** It is over: the receiver was told why, and both connections are being closed. Comes once at most. */
        @Override
        void failed(String reason);

        /** The receiver has closed the byte connection; comes after {@link #failed}, too. */
        void hungUp();
    }

    private final Channel bytes;
    private final MessageHandler messages;
    private final String receiver;
    private final Events events;
    private final Failure failure;
    private final LastWords lastWords;
    private final Executor reader;
    private final @Nullable Silence silence;
    private final Token laneToken = Token.random();
    private @Nullable Channel lane;
    private @Nullable StateSender states;
    private @Nullable DescriptorSender sender;
    private final List<DescriptorSender.Item> later = new ArrayList<>();
    private List<DescriptorSender.Item> first = List.of();
    private boolean over;

    /** Like the other constructor, for states that are in memory: what is not is read on the event loop. */
    public OutgoingTransfer(
            ControlLoop control, Channel bytes, String receiver, @Nullable Duration patience, Events events) {
        this(control, bytes, receiver, patience, events, Runnable::run);
    }

    /**
     * Begins when the receiver has said hello.
     *
     * @param bytes the byte connection, with a {@link MessageHandler} as its last handler
     * @param receiver who receives, for messages
     * @param patience how long the receiver may say nothing, and the stream of a state may give nothing; {@code null} if its
     *     user looks after that
     * @param reader reads and closes the streams of application states
     */
    public OutgoingTransfer(
            ControlLoop control,
            Channel bytes,
            String receiver,
            @Nullable Duration patience,
            Events events,
            Executor reader) {
        this.reader = reader;
        this.failure = new Failure(events);
        this.lastWords = new LastWords(control);
        this.bytes = bytes;
        this.messages = MessageHandler.of(bytes);
        this.receiver = receiver;
        this.events = events;
        this.silence = patience == null
                ? null
                : new Silence(
                        control,
                        patience,
                        () -> fail(whoWasSilent() + " for " + patience.toMillis() + " ms: " + progress()));
        bytes.pipeline().addLast(new Conversation());
    }

    /** Accepts the receiver. */
    public void welcome(int generation, long readyWithinMillis) {
        send(new Message.Welcome(
                MessageCodec.VERSION, ProcessHandle.current().pid(), generation, laneToken, readyWithinMillis));
        heard();
    }

    /** Whether a descriptor connection that shows this token belongs here. */
    public boolean awaits(Token token) {
        return lane == null && !over && laneToken.equals(token);
    }

    private String whoWasSilent() {
        String state = states == null ? "" : states.awaited();
        return state.isEmpty()
                ? receiver + " was silent"
                : "the stream of the application state '" + state + "' gave nothing";
    }

    /**
     * The descriptor connection is there; what is sent is not, yet: {@link #attached} follows. Until then, the receiver has
     * nothing to say.
     */
    public void opened(Channel connection) {
        lane = connection;
        if (silence != null) {
            silence.over();
        }
        if (over) {
            closeParts();
        } else {
            connection.pipeline().addLast(new LaneWatch());
        }
    }

    /** The descriptor connection is there: everything is sent. If the transfer is over, everything is closed. */
    public void attached(Channel connection, Contents contents) {
        boolean opened = lane != null;
        lane = connection;
        states = new StateSender(bytes, contents.states(), reader, this::stateRead);
        first = List.copyOf(contents.items());
        later.addAll(0, first);
        if (over) {
            closeParts();
            return;
        }
        try {
            heard();
            if (!opened) {
                connection.pipeline().addLast(new LaneWatch());
            }
            if (contents.states().isEmpty()) {
                sendDescriptors(connection);
            } else {
                sendStates();
            }
        } catch (Throwable t) {
            broke(t);
        }
    }

    private void stateRead() {
        heard();
        sendStates();
    }

    private void sendStates() {
        StateSender begun = states;
        Channel to = lane;
        boolean sent;
        try {
            sent = begun != null && begun.sendMore();
        } catch (Throwable t) {
            fail("cannot send the application state: " + Reasons.of(t));
            return;
        }
        if (sent && to != null && !over) {
            sendDescriptors(to);
        }
    }

    private void sendDescriptors(Channel connection) {
        DescriptorSender begun =
                new DescriptorSender(bytes, new ChannelLane(connection), new DescriptorSender.Events() {
                    @Override
                    public void sent() {
                        if (silence != null) {
                            silence.over();
                        }
                        events.sent();
                    }

                    @Override
                    public void failed(String reason) {
                        fail(reason);
                    }

                    @Override
                    public void laneLost(String reason) {
                        OutgoingTransfer.this.laneLost(reason);
                    }
                });
        sender = begun;
        List<DescriptorSender.Item> all = List.copyOf(later);
        later.clear();
        begun.add(all);
    }

    /** Sends more of them, after {@link #attached}. */
    public void add(List<? extends DescriptorSender.Item> items) {
        DescriptorSender begun = sender;
        if (begun == null) {
            later.addAll(items);
            return;
        }
        if (over) {
            return;
        }
        try {
            heard();
            begun.add(items);
        } catch (Throwable t) {
            broke(t);
        }
    }

    /** What was given with {@link #attached}, in the order of its numbers. */
    public List<DescriptorSender.Item> items() {
        return sender == null ? List.of() : first;
    }

    /** Whether the receiver has everything that was given so far. */
    public boolean isComplete() {
        return sender != null && sender.acknowledged() == sender.count();
    }

    /** How far it got, for messages. */
    public String progress() {
        DescriptorSender begun = sender;
        if (lane == null) {
            return "it has not opened its descriptor connection";
        }
        if (states == null) {
            return "nothing was offered to it yet";
        }
        return begun == null
                ? "the application state has not arrived there"
                : begun.acknowledged() + " of " + begun.count() + " descriptors have arrived there";
    }

    /** Says something else to the receiver. */
    public void send(Message message) {
        messages.write(message);
        messages.flush();
    }

    /** Ends it from this side, if it is not over: tells the receiver why, and closes. */
    public void abort(String reason) {
        if (!over) {
            close();
            HandoffServer.refuse(bytes, reason);
        }
    }

    /** No descriptor follows. The byte connection stays open, its user closes it. */
    public void close() {
        over = true;
        if (silence != null) {
            silence.over();
        }
        lastWords.cancel();
        closeParts();
    }

    private void closeParts() {
        if (sender != null) {
            sender.close();
        }
        if (lane != null) {
            lane.close();
        }
        if (states != null) {
            states.close();
        }
    }

    /** The byte connection. */
    public Channel connection() {
        return bytes;
    }

    private void heard() {
        if (silence != null && !over) {
            silence.broken();
        }
    }

    private void fail(String reason) {
        if (!over) {
            abort(reason);
            failure.tell(reason);
        }
    }

    /**
     * What must not fail has. Its user may be in the middle of anything: it hears why, even if nothing is sent any more, and
     * the connection ends.
     */
    private void broke(Throwable cause) {
        broke("the conversation with " + receiver + " failed: " + Reasons.of(cause));
    }

    private void broke(String reason) {
        if (!over) {
            abort(reason);
        } else if (!failure.isTold()) {
            bytes.close();
        }
        failure.tell(reason);
    }

    private void laneLost(String what) {
        if (!over) {
            lastWords.await(() -> fail(receiver + ": " + what + ": " + progress()));
        }
    }

    private final class Conversation extends ControlHandler {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            try {
                read((Message) message);
            } catch (ProtocolException e) {
                broke(receiver + ": " + Reasons.of(e));
            } catch (Throwable t) {
                broke(t);
            }
        }

        private void read(Message message) {
            if (message instanceof Message.Received received && sender != null && !over) {
                heard();
                sender.received(received);
            } else if (message instanceof Message.Abort abort && !over) {
                fail(receiver + " says: " + abort.reason());
            } else if (!events.said(message)) {
                fail(receiver + " said " + message.getClass().getSimpleName() + " when that was not due");
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            if (!context.channel().isWritable() || over || states == null) {
                return;
            }
            try {
                heard();
                sendStates();
                if (sender != null) {
                    sender.sendMore();
                }
            } catch (Throwable t) {
                broke(t);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            try {
                events.hungUp();
            } catch (Throwable t) {
                broke(t);
            }
        }

        /** What the connection itself, or a message on it, has run into. */
        @Override
        protected void caught(ChannelHandlerContext context, Throwable cause) {
            if (Reasons.unwrap(cause) instanceof IOException) {
                context.close(); // a reset is a way to hang up
            } else {
                if (over) { // then its user need not hear of it
                    LOGGER.warn(
                            "graceful-netty: the handoff connection to {} has failed: {}", receiver, Reasons.of(cause));
                }
                broke(receiver + ": " + Reasons.of(cause));
            }
        }
    }

    /** The descriptor connection carries nothing in this direction after its first message. */
    private final class LaneWatch extends ControlHandler {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
            fail(receiver + " spoke on the descriptor connection");
        }

        @Override
        protected void caught(ChannelHandlerContext context, Throwable cause) {
            if (Reasons.unwrap(cause) instanceof IOException) {
                laneLost("the descriptor connection failed: " + Reasons.of(cause));
            } else {
                fail("the descriptor connection to " + receiver + " failed: " + Reasons.of(cause));
            }
        }
    }
}
