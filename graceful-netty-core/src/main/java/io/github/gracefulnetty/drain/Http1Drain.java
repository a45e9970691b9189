// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.drain;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;

/**
 * Ends an HTTP/1.1 connection without losing a request: the next response that begins says {@code Connection: close}, and
 * after its last byte the connection is closed. An idle connection waits for its next request, which may be on its way.
 */
final class Http1Drain extends ChannelDuplexHandler {
    private static final int SWITCHING_PROTOCOLS = 101;

    private boolean lastResponseBegan;
    private boolean closing;

    private Http1Drain() {}

    /** Puts itself behind the HTTP/1.1 codec of a server pipeline; {@code false} if there is none. */
    static boolean install(ChannelPipeline pipeline) {
        if (pipeline.get(Http1Drain.class) != null) {
            return true;
        }
        String codec = null;
        boolean decodes = false;
        boolean encodes = false;
        for (var entry : pipeline) {
            ChannelHandler handler = entry.getValue();
            boolean both = handler instanceof HttpServerCodec;
            if (both || handler instanceof HttpRequestDecoder || handler instanceof HttpResponseEncoder) {
                decodes |= both || handler instanceof HttpRequestDecoder;
                encodes |= both || handler instanceof HttpResponseEncoder;
                codec = entry.getKey();
            }
        }
        if (codec == null || !decodes || !encodes) {
            return false;
        }
        pipeline.addAfter(codec, null, new Http1Drain());
        return true;
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof HttpResponse response && isFinal(response)) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            lastResponseBegan = true;
        }
        if (message instanceof LastHttpContent && lastResponseBegan && !closing) {
            closing = true;
            promise = promise.unvoid();
            promise.addListener(written -> context.close());
        }
        context.write(message, promise);
        if (message instanceof HttpResponse response && response.status().code() == SWITCHING_PROTOCOLS) {
            // Not yet: whoever switches has not changed the pipeline.
            context.executor().execute(() -> becomesAnother(context));
        }
    }

    private void becomesAnother(ChannelHandlerContext context) {
        if (!context.isRemoved()) {
            ChannelPipeline pipeline = context.pipeline();
            pipeline.remove(this);
            ConnectionDrain.switched(pipeline);
        }
    }

    /** After the last response nothing is read any more: the client was told. */
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (closing) {
            ReferenceCountUtil.release(message);
        } else {
            context.fireChannelRead(message);
        }
    }

    /** 1xx precede the response, but 101 ends HTTP on this connection: what follows is another protocol. */
    private static boolean isFinal(HttpResponse response) {
        return response.status().codeClass() != HttpStatusClass.INFORMATIONAL;
    }
}
