// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.websocket;

import io.github.gracefulnetty.connection.Migratable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler.HandshakeComplete;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Sends a number again and again, one more each time, and how many messages it has heard. Both go where the connection goes. */
final class CounterHandler extends SimpleChannelInboundHandler<TextWebSocketFrame> implements Migratable {
    private final int generation;
    private final Duration period;
    private long count;
    private long heard;
    private @Nullable ScheduledFuture<?> ticks;

    CounterHandler(int generation, Duration period) {
        this.generation = generation;
        this.period = period;
    }

    /** The WebSocket is open, or was moved here. */
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof HandshakeComplete) {
            ticks = context.executor()
                    .scheduleAtFixedRate(() -> tick(context), period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS);
        }
        context.fireUserEventTriggered(event);
    }

    private void tick(ChannelHandlerContext context) {
        if (context.channel().isWritable()) { // else the client is slow, and gets the next number later
            count++;
            context.writeAndFlush(new TextWebSocketFrame("{\"count\":" + count + ",\"heard\":" + heard + ",\"pid\":"
                    + ProcessHandle.current().pid() + ",\"generation\":" + generation + "}"));
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, TextWebSocketFrame message) {
        heard++;
    }

    @Override
    public byte[] state(ChannelHandlerContext context) {
        return ByteBuffer.allocate(2 * Long.BYTES).putLong(count).putLong(heard).array();
    }

    @Override
    public void restore(ChannelHandlerContext context, byte[] state) {
        ByteBuffer numbers = ByteBuffer.wrap(state);
        count = numbers.getLong();
        heard = numbers.getLong();
    }

    @Override
    public String stateName() {
        return "counter";
    }

    /** Closed, or moved to the successor. */
    @Override
    public void channelInactive(ChannelHandlerContext context) {
        ScheduledFuture<?> running = ticks;
        if (running != null) {
            running.cancel(false);
        }
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close(); // a client that hung up
    }
}
