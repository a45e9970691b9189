// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.migration;

import io.github.gracefulnetty.internal.drain.InFlight;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Knows whether an HTTP/1.1 connection is exactly between two exchanges: each request was read to its end and answered,
 * and not one byte of the next one was read. Right behind the codec; an {@link Inflow} sits right before it. When the
 * connection becomes a WebSocket, so is its codec, and {@link WebSocketFrames} know.
 */
final class HttpExchanges extends ChannelDuplexHandler implements InFlight {
    private static final long NEVER = -1;

    private final Inflow inflow;
    private final Unanswered unanswered = new Unanswered();
    private long readsAtEnd;
    private byte @Nullable [] handshake;
    private @Nullable WebSocketFrames frames;

    private HttpExchanges(Inflow inflow) {
        this.inflow = inflow;
    }

    /**
     * Around the codec. Before anything is read.
     *
     * @param codec what {@link #codec} has found
     */
    static HttpExchanges install(ChannelPipeline pipeline, List<String> codec) {
        String last = codec.get(codec.size() - 1);
        String decoder = codec.get(0);
        if (pipeline.get(decoder) instanceof HttpResponseEncoder) {
            decoder = last;
        }
        HttpExchanges exchanges = new HttpExchanges(Inflow.before(pipeline, decoder));
        pipeline.addAfter(last, "graceful-netty/exchanges", exchanges);
        return exchanges;
    }

    /**
     * The names of an HTTP/1.1 codec of a server, whole or in two parts that are next to each other; empty if there is
     * none.
     *
     * @param handlers of a pipeline, first to last
     */
    static List<String> codec(Map<String, ChannelHandler> handlers) {
        List<String> found = List.of();
        @Nullable ChannelHandler first = null;
        boolean ended = false;
        for (Map.Entry<String, ChannelHandler> entry : handlers.entrySet()) {
            ChannelHandler handler = entry.getValue();
            if (!isPart(handler)) {
                ended = first != null;
            } else if (first == null) {
                first = handler;
                found = List.of(entry.getKey());
            } else if (!ended && found.size() == 1 && (isPair(first, handler) || isPair(handler, first))) {
                found = List.of(found.get(0), entry.getKey());
            } else {
                return List.of();
            }
        }
        boolean whole = first instanceof HttpServerCodec;
        return whole == (found.size() == 1) ? found : List.of();
    }

    private static boolean isPair(ChannelHandler decoder, ChannelHandler encoder) {
        return decoder instanceof HttpRequestDecoder && encoder instanceof HttpResponseEncoder;
    }

    /** Whether {@code handler} is the codec, or a part of it. */
    static boolean isPart(ChannelHandler handler) {
        return handler instanceof HttpServerCodec
                || handler instanceof HttpRequestDecoder
                || handler instanceof HttpResponseEncoder;
    }

    /** Whether nothing is in progress and another request may come. */
    boolean isIdle() {
        WebSocketFrames now = frames;
        return now != null
                ? now.isIdle()
                : isBetweenRequests() && unanswered.count() == 0 && !isEnding() && !isHttpOver();
    }

    /** {@code null} while it is HTTP. */
    @Nullable
    WebSocketFrames webSocket() {
        return frames;
    }

    /** And what follows may be HTTP. */
    @Override
    public boolean isBeforeNextRequest() {
        return frames == null && isBetweenRequests() && !isEnding() && !isHttpOver() && !isTunnelNext();
    }

    private boolean isBetweenRequests() {
        return readsAtEnd == inflow.reads() && inflow.isConsumed();
    }

    /** Whether the connection ends with what is in progress. */
    boolean isEnding() {
        return frames == null && unanswered.isEnding();
    }

    @Override
    public int requests() {
        boolean begun = !unanswered.isReading() && inflow.isWatching() && !isBetweenRequests();
        return Math.max(unanswered.count(), 0) + (begun && !isEnding() ? 1 : 0);
    }

    @Override
    public boolean isTunnelNext() {
        return unanswered.isTunnelNext();
    }

    @Override
    public boolean isHttpOver() {
        return unanswered.isHttpOver();
    }

    /** Whether {@code handler} is what this one sits behind, still. */
    boolean watches(ChannelHandler handler) {
        // The HTTP codec of a WebSocket leaves when the answer to the handshake is written.
        return inflow.watches(handler)
                || handler instanceof HttpResponseEncoder
                || (frames != null && handler instanceof HttpServerCodec);
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
            handshake = WebSocketHandshake.of(request);
        }
        if (message instanceof LastHttpContent) {
            // The decoder has come to here and no further: what is left of this read belongs to the next request.
            readsAtEnd = inflow.isConsumed() ? inflow.reads() : NEVER;
        }
        context.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        WebSocketFrames now = frames;
        if (now != null) {
            now.written(message);
            context.write(message, promise);
            return;
        }
        if (message instanceof HttpResponse response
                && response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
            becomeWebSocket(context.pipeline());
        }
        unanswered.written(message);
        context.write(message, promise);
    }

    /** Its codec is there before the answer is written, and both parts are before this handler. */
    private void becomeWebSocket(ChannelPipeline pipeline) {
        byte[] request = handshake;
        ChannelHandlerContext decoder = pipeline.context(WebSocket13FrameDecoder.class);
        if (request == null || decoder == null || pipeline.context(WebSocket13FrameEncoder.class) == null) {
            return;
        }
        for (Map.Entry<String, ChannelHandler> entry : pipeline) {
            if (entry.getValue() == this) {
                return; // the codec is somewhere behind
            }
            if (entry.getValue() == decoder.handler()) {
                break;
            }
        }
        if (unanswered.count() == 1 && isBetweenRequests()) {
            inflow.moveTo(decoder);
            frames = new WebSocketFrames(inflow, request);
        }
    }
}
