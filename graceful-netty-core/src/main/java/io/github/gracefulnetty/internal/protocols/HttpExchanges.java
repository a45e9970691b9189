// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Knows whether an HTTP/1.1 connection is exactly between two exchanges: each request was read to its end and answered,
 * each answer was sent, and not one byte of the next request was read. Right behind the codec; an {@link Inflow} sits right
 * before it. When the connection becomes a WebSocket, so is its codec, and {@link WebSocketFrames} know. On the connection's
 * event loop.
 */
public final class HttpExchanges extends ChannelDuplexHandler
        implements OwnHandler, ChannelFutureListener, Ending.Encoder {
    /** What a connection speaks whose exchanges these are, */
    public static final String HTTP_1 = "http/1.1";

    /** and when it has become one. */
    public static final String WEB_SOCKET = "websocket";

    private static final long NEVER = -1;

    private final Inflow inflow;
    private final Blueprint built;
    private final Unanswered unanswered = new Unanswered();
    private int unsent;
    private long readsAtEnd;
    private boolean reading;
    private byte @Nullable [] handshake;
    private @Nullable WebSocketFrames frames;
    private @Nullable Ending ending;

    private HttpExchanges(Inflow inflow, Blueprint built) {
        this.inflow = inflow;
        this.built = built;
    }

    /**
     * Around the codec. Before anything is read.
     *
     * @param codec the only one of this pipeline
     * @param built the pipeline
     */
    public static HttpExchanges install(ChannelPipeline pipeline, Http1Codec codec, Blueprint built) {
        HttpExchanges exchanges = new HttpExchanges(Inflow.before(pipeline, codec.decoder()), built);
        pipeline.addAfter(codec.last(), "graceful-netty/exchanges", exchanges);
        return exchanges;
    }

    /** Whether nothing is in progress and another request may come. */
    public boolean isIdle() {
        WebSocketFrames now = frames;
        return now != null
                ? now.isIdle() && unsent == 0
                : isBetweenRequests() && unanswered.count() == 0 && unsent == 0 && !isEnding() && !isHttpOver();
    }

    /** {@code null} while it is HTTP, and if it is a WebSocket that cannot be opened once more. */
    public @Nullable WebSocketFrames webSocket() {
        return frames;
    }

    /** Whether each request was read to its end, and nothing of another one; and what follows may be HTTP. */
    public boolean isBeforeNextRequest() {
        return frames == null && isBetweenRequests() && !isEnding() && !isHttpOver() && !isTunnelNext();
    }

    private boolean isBetweenRequests() {
        return readsAtEnd == inflow.reads() && inflow.isConsumed();
    }

    /** Whether the connection ends with what is in progress. */
    public boolean isEnding() {
        return frames == null && unanswered.isEnding();
    }

    /** How many requests the application has not answered to their end, those included of which only the first bytes are here. */
    public int requests() {
        boolean begun = !unanswered.isReading() && inflow.isWatching() && !isBetweenRequests();
        return Math.max(unanswered.count(), 0) + (begun && !isEnding() ? 1 : 0);
    }

    /** Whether all that was begun is answered, and sent. */
    public boolean isSettled() {
        return unsent == 0 && requests() == 0;
    }

    /** Whether its codec is still in the pipeline. */
    public boolean isInPlace() {
        return inflow.isInPlace();
    }

    /** Whether the next response is that to a {@code CONNECT}. */
    boolean isTunnelNext() {
        return unanswered.isTunnelNext();
    }

    /** Whether the connection was switched to another protocol, whatever its pipeline still looks like. */
    public boolean isHttpOver() {
        return unanswered.isHttpOver();
    }

    /** Whether {@code handler} is what this one sits behind, still. */
    public boolean watches(@Nullable ChannelHandler handler) {
        // The HTTP codec of a WebSocket leaves when the answer to the handshake is written.
        return handler != null
                && (inflow.watches(handler)
                        || handler instanceof HttpResponseEncoder
                        || (frames != null && handler instanceof HttpServerCodec));
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        WebSocketFrames now = frames;
        if (now != null) {
            now.read(message);
            context.fireChannelRead(message);
            return;
        }
        unanswered.read(message);
        if (message instanceof HttpRequest request) {
            byte[] bytes = WebSocketHandshake.of(request);
            handshake = bytes != null && isRepeatable(context.pipeline()) ? bytes : null;
        }
        if (message instanceof LastHttpContent) {
            // The decoder has come to here and no further: what is left of this read belongs to the next request.
            readsAtEnd = inflow.isConsumed() ? inflow.reads() : NEVER;
        }
        reading = true;
        try {
            Ending drain = ending;
            if (drain == null) {
                context.fireChannelRead(message);
            } else {
                drain.read(context, message);
            }
        } finally {
            reading = false;
        }
    }

    /** Whatever has changed the pipeline before would have to come before it again. And who knows a ticket may be gone later. */
    private boolean isRepeatable(ChannelPipeline pipeline) {
        try {
            return built.isOf(pipeline) && WebSocketHandshake.mayRepeat(pipeline);
        } catch (Throwable t) {
            DrainGuard.warn(pipeline.channel(), "will not move", t);
            return false;
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        context.fireChannelReadComplete();
        Ending drain = ending;
        if (drain != null) {
            drain.readComplete(context);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        context.fireUserEventTriggered(event);
        Ending drain = ending;
        if (event instanceof ChannelInputShutdownEvent && drain != null) {
            drain.inputEnded(context);
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        Ending drain = ending;
        if (drain != null) {
            drain.leave(context);
        }
    }

    /** What it ends by from now on; {@code null} for nothing. */
    void end(@Nullable Ending drain) {
        ending = drain;
    }

    @Nullable
    Ending ending() {
        return ending;
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        Ending drain = ending;
        if (drain == null) {
            encode(context, message, promise);
        } else {
            drain.write(context, message, promise);
        }
    }

    @Override
    public void encode(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        WebSocketFrames now = frames;
        if (now != null) {
            now.written(message);
            context.write(message, untilSent(promise));
            return;
        }
        ChannelPromise done = message instanceof LastHttpContent ? untilSent(promise) : promise;
        if (message instanceof HttpResponse response
                && response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
            done = becomeWebSocket(context, done);
        }
        unanswered.written(message);
        context.write(message, done);
    }

    /** Handlers between here and the socket may hold it for long: it is sent when its promise says so. */
    private ChannelPromise untilSent(ChannelPromise promise) {
        unsent++;
        return promise.unvoid().addListener(this);
    }

    /** Something is sent, or can never be. */
    @Override
    public void operationComplete(ChannelFuture sent) {
        unsent--;
    }

    /**
     * Its codec is there before the answer is written, and both parts are before this handler. In the successor the request is
     * repeated, and has to be answered within its reading: so it has to be here.
     */
    private ChannelPromise becomeWebSocket(ChannelHandlerContext context, ChannelPromise promise) {
        ChannelPipeline pipeline = context.pipeline();
        byte[] request = handshake;
        handshake = null;
        ChannelHandlerContext decoder = pipeline.context(WebSocket13FrameDecoder.class);
        if (request == null || !reading || decoder == null || pipeline.context(WebSocket13FrameEncoder.class) == null) {
            return promise;
        }
        for (Map.Entry<String, ChannelHandler> entry : pipeline) {
            if (entry.getValue() == this) {
                return promise; // the codec is somewhere behind
            }
            if (entry.getValue() == decoder.handler()) {
                break;
            }
        }
        if (unanswered.count() != 1 || !isBetweenRequests()) {
            return promise;
        }
        inflow.moveTo(decoder);
        WebSocketFrames opened = new WebSocketFrames(inflow, request);
        frames = opened;
        // When the answer is sent, the HTTP codec leaves, and others may.
        return promise.unvoid()
                .addListener(sent -> context.executor().execute(() -> opened.open(Blueprint.of(pipeline, null))));
    }
}
