// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.handoff.DescriptorSender;
import io.github.gracefulnetty.handoff.Message;
import io.github.gracefulnetty.handoff.MessageCodec;
import io.github.gracefulnetty.handoff.Token;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The predecessor's half of one handoff: sends the listeners and follows the successor until it serves. All on the
 * control loop. Owns the two connections, and the successor's process if this process started it.
 */
final class Upgrade {
    /** What happens to the process as a whole. */
    interface Events {
        /** Asked when the descriptors are about to be sent. */
        List<DescriptorSender.Item> listeners();

        void transferred();

        void successorReady();

        /** The successor serves: this process is the past. */
        void successorServing(Upgrade done, UpgradeResult result);

        /** It did not work out; the successor's process, if it was ours, has ended. */
        void failed(String reason);
    }

    private enum Stage {
        WAITING,
        ATTACHING,
        TRANSFERRING,
        AWAITING_READY,
        HANDING_OVER,
        SERVING,
        FAILED
    }

    private final ControlLoop control;
    private final int generation;
    private final Duration timeout;
    private final Events events;
    private final Token ticket = Token.random();
    private final Token laneToken = Token.random();
    private final long startedNanos = System.nanoTime();
    private final ScheduledFuture<?> deadline;

    private Stage stage = Stage.WAITING;
    private @Nullable DescriptorSender sender;
    private long successorPid;
    private @Nullable SuccessorProcess process;
    private @Nullable Channel connection;
    private @Nullable Channel lane;

    Upgrade(ControlLoop control, int generation, Duration timeout, Events events) {
        this.control = control;
        this.generation = generation;
        this.timeout = timeout;
        this.events = events;
        this.deadline = control.schedule(this::timedOut, timeout);
    }

    /** What the process that we start has to show; not known to any other. */
    Token ticket() {
        return ticket;
    }

    /** The process that this upgrade started: ended, unless it serves in the end. */
    void started(SuccessorProcess started) {
        process = started;
        successorPid = started.pid();
        started.onExit(status ->
                control.execute(() -> fail("successor pid " + started.pid() + " " + status + " before it was ready")));
    }

    /** The successor has connected. */
    void connected(Channel channel, long pid) {
        stage = Stage.ATTACHING;
        successorPid = pid;
        connection = channel;
        channel.pipeline().addLast(new Conversation());
        long elapsed = System.nanoTime() - startedNanos;
        send(new Message.Welcome(
                MessageCodec.VERSION,
                ProcessHandle.current().pid(),
                generation,
                laneToken,
                Math.max(1, TimeUnit.NANOSECONDS.toMillis(timeout.toNanos() - elapsed))));
    }

    /** Whether a descriptor connection that shows this token belongs here. */
    boolean awaits(Token token) {
        return stage == Stage.ATTACHING && laneToken.equals(token);
    }

    /** The descriptor connection is there: everything is sent. */
    void attached(Channel channel) {
        Channel bytes = connection;
        if (bytes == null) {
            throw new IllegalStateException("a descriptor connection before the byte connection");
        }
        lane = channel;
        stage = Stage.TRANSFERRING;
        channel.pipeline().addLast(new LaneWatch());
        DescriptorSender begun = new DescriptorSender(bytes, channel, events.listeners(), new Transfer());
        sender = begun;
        begun.start();
    }

    private void serving() {
        stage = Stage.SERVING;
        deadline.cancel(false);
        closeLane();
        SuccessorProcess ours = process;
        if (ours != null) {
            ours.disown();
        }
        events.successorServing(
                this, new UpgradeResult(successorPid, generation, Duration.ofNanos(System.nanoTime() - startedNanos)));
    }

    /** Last word to the successor. */
    void drained(long forced) {
        Channel channel = connection;
        if (channel != null) {
            channel.writeAndFlush(new Message.Drained(forced)).addListener(ChannelFutureListener.CLOSE);
        }
    }

    private void timedOut() {
        String doing = switch (stage) {
            case WAITING -> "it has not connected";
            case ATTACHING -> "it has not opened its descriptor connection";
            case TRANSFERRING ->
                sender == null ? "" : sender.acknowledged() + " of " + sender.count() + " listeners have arrived there";
            case AWAITING_READY -> "it has all listeners, but its application has not said ready";
            default -> "it was told to go on, but does not serve";
        };
        fail("successor" + (successorPid == 0 ? "" : " pid " + successorPid) + " was not ready within "
                + timeout.toMillis() + " ms: " + doing);
    }

    /** Ends this upgrade, and the process that it started, unless the successor serves already. */
    void fail(String reason) {
        if (stage == Stage.FAILED || stage == Stage.SERVING) {
            return;
        }
        stage = Stage.FAILED;
        deadline.cancel(false);
        closeLane();
        Channel channel = connection;
        if (channel != null) {
            HandoffServer.refuse(channel, reason);
        }
        SuccessorProcess ours = process;
        if (ours == null) {
            events.failed(reason);
        } else {
            ours.end().whenComplete((ended, failure) -> control.execute(() -> events.failed(reason)));
        }
    }

    private void closeLane() {
        if (lane != null) {
            lane.close();
        }
    }

    private void send(Message message) {
        Channel channel = connection;
        if (channel != null) {
            channel.writeAndFlush(message);
        }
    }

    /** The connection ended. If the process is ours, it is about to exit, and its status says more. */
    private void hungUp() {
        SuccessorProcess ours = process;
        String reason = "successor pid " + successorPid + " hung up before it was ready";
        if (ours == null) {
            fail(reason);
        } else {
            control.schedule(() -> fail(reason), Duration.ofMillis(SuccessorProcess.EXIT_MILLIS));
        }
    }

    private final class Transfer implements DescriptorSender.Events {
        @Override
        public void sent() {
            stage = Stage.AWAITING_READY;
            events.transferred();
        }

        @Override
        public void failed(String reason) {
            fail(reason);
        }
    }

    private final class Conversation extends SimpleChannelInboundHandler<Message> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, Message message) {
            if (message instanceof Message.Abort abort) {
                fail("successor pid " + successorPid + " says: " + abort.reason());
            } else if (stage == Stage.TRANSFERRING && sender != null && message instanceof Message.Received received) {
                sender.received(received);
            } else if (stage == Stage.AWAITING_READY && message instanceof Message.Ready) {
                stage = Stage.HANDING_OVER;
                events.successorReady();
                send(new Message.Commit());
            } else if (stage == Stage.HANDING_OVER && message instanceof Message.Serving) {
                serving();
            } else {
                fail("successor pid " + successorPid + " said "
                        + message.getClass().getSimpleName() + " when that was not due");
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
                fail("successor pid " + successorPid + ": " + Reasons.of(cause));
            }
        }
    }

    /** The descriptor connection carries nothing in this direction after its first message. */
    private final class LaneWatch extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
            fail("successor pid " + successorPid + " spoke on the descriptor connection");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            fail("the descriptor connection to successor pid " + successorPid + " failed: " + Reasons.of(cause));
        }
    }
}
