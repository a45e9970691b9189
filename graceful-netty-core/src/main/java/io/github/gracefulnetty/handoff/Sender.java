// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.transfer.TimeLimit;
import io.github.gracefulnetty.internal.wire.ControlHandler;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * Sends descriptors by hand, on a connection that the application has accepted or opened itself, after data of its own.
 * The other end receives with {@link Receiver#on}.
 */
public final class Sender {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private Sender() {}

    /** Gives up on a receiver that says nothing for 10 s. See {@link #send(Channel, Offerer, Duration)}. */
    public static CompletableFuture<Void> send(Channel connection, Offerer offerer) {
        return send(connection, offerer, PATIENCE);
    }

    /**
     * Waits until the receiver asks, and sends. From this call on, what the receiver says belongs to the handoff, so it
     * has to come in time: in the event-loop task that writes the last byte which the receiver waits for, or while
     * auto-read is off. (Switch it off on the connection's event loop: elsewhere, one more read may pass.) When the handoff
     * is over, the connection is the application's again, and still its to close. If the receiver has not begun, what it
     * says later reaches the application.
     *
     * @param connection a registered unix stream channel of the native transport; everything that was written to it must
     *     have been flushed
     * @param patience how long the receiver may say nothing before it is given up, and how long {@code offerer} may take; at most
     *     365 days
     * @return completes when the receiver has everything, on a thread that may be blocked; with a {@link HandoffException} if it
     *     will not
     */
    public static CompletableFuture<Void> send(Channel connection, Offerer offerer, Duration patience) {
        Objects.requireNonNull(offerer, "offerer");
        TimeLimit.positive("patience", patience);
        NativeTransport transport = Natives.required();
        CompletableFuture<Void> result = new CompletableFuture<>();
        ControlLoop control = ControlLoop.on(connection.eventLoop());
        Runnable begin = () -> new OpenConnection(transport, control, connection, patience)
                .send()
                .whenComplete((pair, failure) -> {
                    if (pair == null) {
                        result.completeExceptionally(new HandoffException(Reasons.of(failure)));
                    } else {
                        new Conversation(transport, control, pair, offerer, patience, result).begin();
                    }
                });
        if (connection.eventLoop().inEventLoop()) {
            begin.run();
        } else {
            control.execute(begin);
        }
        return ApplicationThreads.CALLBACKS.outer(result);
    }

    /** Waits for the receiver's hello on the fresh byte connection. */
    private record Conversation(
            NativeTransport transport,
            ControlLoop control,
            OpenConnection.Pair pair,
            Offerer offerer,
            Duration patience,
            CompletableFuture<Void> result) {
        void begin() {
            open(pair.lane(), null);
            open(pair.bytes(), new Hello());
        }

        private void open(Channel channel, @Nullable ChannelHandler last) {
            channel.pipeline().addLast(new MessageHandler());
            if (last != null) {
                channel.pipeline().addLast(last);
            }
            control.register(channel);
        }

        private void fail(String reason) {
            pair.bytes().close();
            pair.lane().close();
            result.completeExceptionally(new HandoffException(reason));
        }

        private final class Hello extends ControlHandler {
            private final ScheduledFuture<?> deadline = control.schedule(
                    () -> fail("the receiver was silent for " + patience.toMillis() + " ms"), patience);

            @Override
            public void handlerRemoved(ChannelHandlerContext context) {
                deadline.cancel(false);
            }

            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                if (!(message instanceof Message.Hello hello) || hello.purpose() != Message.Purpose.RECEIVE) {
                    fail("the receiver said " + message.getClass().getSimpleName() + " when Hello was due");
                    return;
                }
                context.pipeline().remove(this);
                SendingSession session = new SendingSession(
                        transport, control, pair.bytes(), pair.peer().pid(), offerer, patience);
                session.over().whenComplete((nothing, failure) -> {
                    if (failure == null) {
                        result.complete(null);
                    } else {
                        result.completeExceptionally(failure);
                    }
                });
                session.welcome();
                session.attached(pair.lane());
            }

            @Override
            public void channelInactive(ChannelHandlerContext context) {
                fail("the receiver hung up before its hello");
            }

            @Override
            protected void caught(ChannelHandlerContext context, Throwable cause) {
                fail(Reasons.of(cause));
            }
        }
    }
}
