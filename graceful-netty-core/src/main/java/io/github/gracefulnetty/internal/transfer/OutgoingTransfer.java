// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import io.github.gracefulnetty.internal.wire.Token;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * The predecessor's half of a transfer, from the first answer until the receiver has everything. What is said before and
 * after is its user's. On one event loop. Owns the two connections.
 */
public final class OutgoingTransfer {
    /** What is sent: application states, by name, then descriptors. The streams are closed by the transfer. */
    public record Contents(Map<String, InputStream> states, List<? extends DescriptorSender.Item> items) {}

    /** What happens. On the event loop. */
    public interface Events {
        /** The receiver has everything that was given so far. */
        void sent();

        /** The receiver said something else; {@code false} if that was not due. */
        boolean said(Message message);

        /** It cannot go on; the receiver has not been told yet. */
        void failed(String reason);

        /** The receiver has closed the byte connection. */
        void hungUp();
    }

    /** How long a receiver that has closed its descriptor connection may take to say why. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    private final ControlLoop control;
    private final Channel bytes;
    private final MessageHandler messages;
    private final String receiver;
    private final Events events;
    private final @Nullable Silence silence;
    private final Token laneToken = Token.random();
    private @Nullable Channel lane;
    private @Nullable StateSender states;
    private @Nullable DescriptorSender sender;
    private final List<DescriptorSender.Item> later = new ArrayList<>();
    private @Nullable ScheduledFuture<?> lastWords;
    private boolean over;

    /**
     * @param bytes the byte connection, with a {@link MessageHandler} as its last handler
     * @param receiver who receives, for messages
     * @param patience how long the receiver may say nothing; {@code null} if its user looks after that
     */
    public OutgoingTransfer(
            ControlLoop control, Channel bytes, String receiver, @Nullable Duration patience, Events events) {
        this.control = control;
        this.bytes = bytes;
        this.messages = MessageHandler.of(bytes);
        this.receiver = receiver;
        this.events = events;
        this.silence = patience == null
                ? null
                : new Silence(
                        control,
                        patience,
                        () -> fail(receiver + " was silent for " + patience.toMillis() + " ms: " + progress()));
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

    /** The descriptor connection is there: everything is sent. */
    public void attached(Channel connection, Contents contents) {
        lane = connection;
        heard();
        connection.pipeline().addLast(new LaneWatch());
        if (contents.states().isEmpty()) {
            sendDescriptors(connection, contents);
        } else {
            states = new StateSender(bytes, contents.states(), () -> sendDescriptors(connection, contents));
            sendStates();
        }
    }

    private void sendStates() {
        StateSender begun = states;
        if (begun == null) {
            return;
        }
        try {
            begun.sendMore();
        } catch (IOException | RuntimeException e) {
            fail("cannot send the application state: " + Reasons.of(e));
        }
    }

    private void sendDescriptors(Channel connection, Contents contents) {
        sender = new DescriptorSender(bytes, new ChannelLane(connection), new DescriptorSender.Events() {
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
        List<DescriptorSender.Item> all = new ArrayList<>(contents.items());
        all.addAll(later);
        later.clear();
        sender.add(all);
    }

    /** Sends more of them, after {@link #attached}. */
    public void add(List<? extends DescriptorSender.Item> items) {
        DescriptorSender begun = sender;
        if (begun == null) {
            later.addAll(items);
        } else {
            heard();
            begun.add(items);
        }
    }

    /** What was given so far, in the order of its numbers. */
    public List<DescriptorSender.Item> items() {
        return sender == null ? List.of() : sender.items();
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
        return begun == null
                ? "the application state has not arrived there"
                : begun.acknowledged() + " of " + begun.count() + " descriptors have arrived there";
    }

    /** Says something else to the receiver. */
    public void send(Message message) {
        messages.write(message);
        messages.flush();
    }

    /** Ends it from this side: tells the receiver why, and closes. */
    public void abort(String reason) {
        close();
        HandoffServer.refuse(bytes, reason);
    }

    /** No descriptor follows. The byte connection stays open, its user closes it. */
    public void close() {
        over = true;
        if (silence != null) {
            silence.over();
        }
        ScheduledFuture<?> pending = lastWords;
        lastWords = null;
        if (pending != null) {
            pending.cancel(false);
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
        if (silence != null) {
            silence.broken();
        }
    }

    private void fail(String reason) {
        if (!over) {
            events.failed(reason);
        }
    }

    /** Its reason, or its end, is on the byte connection, and may not have been read yet. */
    private void laneLost(String what) {
        if (!over && lastWords == null) {
            lastWords = control.schedule(() -> fail(receiver + ": " + what + ": " + progress()), LAST_WORDS);
        }
    }

    private final class Conversation extends SimpleChannelInboundHandler<Message> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, Message message) {
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
            if (context.channel().isWritable() && !over) {
                heard();
                sendStates();
                if (sender != null) {
                    sender.sendMore();
                }
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            events.hungUp();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (Reasons.unwrap(cause) instanceof IOException) {
                context.close(); // a reset is a way to hang up
            } else {
                fail(receiver + ": " + Reasons.of(cause));
            }
        }
    }

    /** The descriptor connection carries nothing in this direction after its first message. */
    private final class LaneWatch extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
            fail(receiver + " spoke on the descriptor connection");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (Reasons.unwrap(cause) instanceof IOException) {
                laneLost("the descriptor connection failed: " + Reasons.of(cause));
            } else {
                fail("the descriptor connection to " + receiver + " failed: " + Reasons.of(cause));
            }
        }
    }
}
