// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketFrameEncoder;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeUnit;

/** Ends a WebSocket: our close frame 1012 (service restart), the client's close frame, the end of the connection. */
final class WebSocketDrain extends ChannelDuplexHandler implements OwnHandler {
    /** How long the client may take to answer. */
    private static final long ANSWER_MILLIS = 5_000;

    static final int SERVICE_RESTART = 1012;

    private WebSocketDrain() {}

    /** Puts itself behind the frame codec and begins; {@code false} if there is none. */
    static boolean install(ChannelPipeline pipeline) {
        if (pipeline.get(WebSocketDrain.class) != null) {
            return true;
        }
        // Behind both, in whatever order they are: it has to see frames in both directions.
        String codec = null;
        boolean encodes = false;
        for (var entry : pipeline) {
            ChannelHandler handler = entry.getValue();
            if (handler instanceof WebSocketFrameEncoder || handler instanceof WebSocketFrameDecoder) {
                encodes |= handler instanceof WebSocketFrameEncoder;
                codec = entry.getKey();
            }
        }
        if (codec == null || !encodes) {
            return false;
        }
        WebSocketDrain drain = new WebSocketDrain();
        pipeline.addAfter(codec, null, drain);
        sendClose(pipeline.context(drain));
        return true;
    }

    private static void sendClose(ChannelHandlerContext context) {
        context.writeAndFlush(new CloseWebSocketFrame(SERVICE_RESTART, "service restart"));
        var impatience = context.executor().schedule(() -> context.close(), ANSWER_MILLIS, TimeUnit.MILLISECONDS);
        context.channel().closeFuture().addListener(closed -> impatience.cancel(false));
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof WebSocketFrame) {
            ReferenceCountUtil.release(message);
            if (message instanceof CloseWebSocketFrame) {
                promise.trySuccess(); // it was said
            } else {
                promise.tryFailure(new ClosedChannelException());
            }
            return;
        }
        context.write(message, promise);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        boolean answer = message instanceof CloseWebSocketFrame;
        context.fireChannelRead(message);
        if (answer) {
            context.close();
        }
    }
}
