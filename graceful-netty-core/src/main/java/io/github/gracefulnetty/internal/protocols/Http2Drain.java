// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * Ends an HTTP/2 connection without losing a stream (RFC 9113, 6.8): the first GOAWAY asks for no new streams but takes
 * them; a PING follows, and when it comes back nothing is on its way any more: the second GOAWAY names the last stream, and
 * when that has ended the connection is closed.
 */
final class Http2Drain extends Http2FrameListenerDecorator {
    /** How long the client may take to answer the PING. */
    private static final long PING_MILLIS = 10_000;

    private static final long PING_CONTENT = 0x677261636566756CL; // "graceful"

    private static final byte[] WHY = "the server is being replaced".getBytes(StandardCharsets.US_ASCII);
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(Http2Drain.class);

    private final Http2ConnectionHandler handler;
    private final ChannelHandlerContext context;
    private final boolean idle;
    private final int lastStream;
    private boolean closing;

    private Http2Drain(Http2FrameListener listener, Http2ConnectionHandler handler, ChannelHandlerContext context) {
        super(listener);
        this.handler = handler;
        this.context = context;
        this.idle = handler.connection().numActiveStreams() == 0;
        this.lastStream = handler.connection().remote().lastStreamCreated();
    }

    /** Begins, if the connection speaks HTTP/2 by now; {@code false} if not. */
    static boolean install(ChannelPipeline pipeline) {
        ChannelHandlerContext context = pipeline.context(Http2ConnectionHandler.class);
        if (context == null) {
            return false;
        }
        Http2ConnectionHandler handler = (Http2ConnectionHandler) context.handler();
        if (handler.connection().goAwaySent()) {
            return true; // it is ending already
        }
        Http2FrameListener listener = handler.decoder().frameListener();
        if (listener == null) {
            return false; // it is being built
        }
        Http2Drain drain = new Http2Drain(listener, handler, context);
        handler.decoder().frameListener(drain);
        drain.begin();
        return true;
    }

    /** Whether there was no stream when the drain began, and none has come since. */
    static boolean isIdleSinceTold(Http2ConnectionHandler handler) {
        return handler.decoder().frameListener() instanceof Http2Drain drain
                && drain.idle
                && drain.lastStream == handler.connection().remote().lastStreamCreated();
    }

    private void begin() {
        goAway(Integer.MAX_VALUE);
        handler.encoder().writePing(context, false, PING_CONTENT, context.newPromise());
        context.flush();
        var impatience = context.executor().schedule(this::closeAfterStreams, PING_MILLIS, TimeUnit.MILLISECONDS);
        context.channel().closeFuture().addListener(closed -> impatience.cancel(false));
    }

    private void goAway(int lastStream) {
        ByteBuf why = Unpooled.wrappedBuffer(WHY);
        handler.goAway(context, lastStream, Http2Error.NO_ERROR.code(), why, context.newPromise());
    }

    @Override
    public void onPingAckRead(ChannelHandlerContext context, long data) throws Http2Exception {
        if (data == PING_CONTENT) {
            closeAfterStreams();
        } else {
            super.onPingAckRead(context, data);
        }
    }

    private void closeAfterStreams() {
        if (closing || !context.channel().isActive()) {
            return;
        }
        closing = true;
        goAway(handler.connection().remote().lastStreamCreated());
        context.flush();
        handler.gracefulShutdownTimeoutMillis(-1); // the drain has a deadline of its own
        try {
            handler.close(context, context.newPromise());
        } catch (Exception e) {
            LOGGER.warn("graceful-netty: {} could not be closed after its last stream", context.channel(), e);
            context.close();
        }
    }
}
