// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a {@link Caller}: tells it what happens as long as the caller has not let go of it. Confined to the
 * event loop.
 */
final class Connection extends ChannelInboundHandlerAdapter {

    private final Caller caller;
    private final Recorder recorder;
    private final ResponseReader response = new ResponseReader();
    private @Nullable Channel channel;
    private @Nullable GenerationRecorder owner;
    private @Nullable Throwable failure;
    private String localAddress = "-";
    private boolean attached = true;
    private boolean awaiting;
    private long requests;
    private long openedNanos;
    private long sentNanos;

    Connection(Caller caller, Recorder recorder) {
        this.caller = caller;
        this.recorder = recorder;
    }

    /** Takes the result of connecting. */
    void connected(ChannelFuture connect) {
        openedNanos = System.nanoTime();
        Throwable cause = connect.cause();
        if (cause != null) {
            attached = false;
            caller.onRefused(cause.toString());
            return;
        }
        channel = connect.channel();
        localAddress = String.valueOf(connect.channel().localAddress());
        recorder.opened();
        connect.channel().closeFuture().addListener(closed -> recorder.closed());
        caller.onOpen();
    }

    /** False from the moment on in which the end of the connection is known, although {@code onEnd} may come later. */
    boolean isActive() {
        return channel != null && channel.isActive();
    }

    /** Writes a request; a failure to write it ends the connection. */
    void send(ByteBuf request) {
        requests++;
        awaiting = true;
        response.reset();
        sentNanos = System.nanoTime();
        if (channel != null) {
            channel.writeAndFlush(request, channel.voidPromise());
        }
    }

    /** Closes it; the caller hears of it no more. */
    void close() {
        attached = false;
        if (channel != null) {
            channel.close();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            if (!attached) {
                return;
            }
            if (!awaiting) {
                response.reset();
                ResponseReader.Progress unasked = response.read(in);
                caller.onUnsolicited(response.length() + " bytes without a request, " + unasked);
                return;
            }
            switch (response.read(in)) {
                case INCOMPLETE -> {}
                case MALFORMED -> caller.onLost(response.problem());
                case COMPLETE -> answered();
            }
        } finally {
            in.release();
        }
    }

    private void answered() {
        awaiting = false;
        long now = System.nanoTime();
        owner = recorder.answered(response.generation(), response.pid(), now - caller.dueNanos(), now);
        caller.onAnswer(response.closes());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        failure = cause;
        ctx.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (attached) {
            attached = false;
            String how = failure == null ? "closed by the server" : failure.toString();
            caller.onEnd(awaiting ? how + " after " + response.length() + " bytes of the response" : how);
        }
    }

    /** Who answered last on this connection. */
    Optional<GenerationRecorder> owner() {
        return Optional.ofNullable(owner);
    }

    String localAddress() {
        return localAddress;
    }

    /** Requests written so far. */
    long requests() {
        return requests;
    }

    Duration age(long nowNanos) {
        return Duration.ofNanos(nowNanos - openedNanos);
    }

    /** How long the request in flight has been so; zero when there is none. */
    Duration inFlight(long nowNanos) {
        return awaiting ? Duration.ofNanos(nowNanos - sentNanos) : Duration.ZERO;
    }
}
