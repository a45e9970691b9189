// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.drain;

import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Ends an HTTP/1.1 connection without losing a request: the response to the last request that has begun to arrive says
 * {@code Connection: close}, and after its last byte the connection is closed. An idle connection waits for its next
 * request, which may be on its way.
 *
 * <p>A client that always has another request on its way would never get such a response. So after a while, what it has
 * sent and nobody has read yet waits, and the last of those that were read is answered so.
 */
final class Http1Drain extends ChannelDuplexHandler {
    private static final int SWITCHING_PROTOCOLS = 101;

    /** How long a client may go on to send one request after the other, before it is not read any more. */
    private static final long ENDLESS_MILLIS = 1_000;

    private final @Nullable InFlight inFlight;
    private final Consumer<ChannelPipeline> switched;
    private boolean insists;
    private boolean paused;
    private boolean lastResponseBegan;
    private boolean closing;

    private Http1Drain(@Nullable InFlight inFlight, Consumer<ChannelPipeline> switched) {
        this.inFlight = inFlight;
        this.switched = switched;
    }

    /**
     * Puts itself behind the HTTP/1.1 codec of a server pipeline; {@code false} if there is none.
     *
     * @param switched gets the pipeline when HTTP/1.1 ends on it
     */
    static boolean install(ChannelPipeline pipeline, Consumer<ChannelPipeline> switched) {
        if (pipeline.get(Http1Drain.class) != null) {
            return true;
        }
        String codec = null;
        boolean decodes = false;
        boolean encodes = false;
        InFlight inFlight = null;
        for (var entry : pipeline) {
            ChannelHandler handler = entry.getValue();
            boolean both = handler instanceof HttpServerCodec;
            if (both || handler instanceof HttpRequestDecoder || handler instanceof HttpResponseEncoder) {
                decodes |= both || handler instanceof HttpRequestDecoder;
                encodes |= both || handler instanceof HttpResponseEncoder;
                codec = entry.getKey();
            } else if (handler instanceof InFlight found) {
                inFlight = found;
                codec = entry.getKey();
            }
        }
        if (codec == null || !decodes || !encodes || (inFlight != null && inFlight.isHttpOver())) {
            return false;
        }
        Http1Drain drain = new Http1Drain(inFlight, switched);
        pipeline.addAfter(codec, null, drain);
        ChannelHandlerContext context = pipeline.context(drain);
        drain.endIfNothingCanCome(context);
        if (inFlight != null) {
            context.executor().schedule(() -> drain.insist(context), ENDLESS_MILLIS, TimeUnit.MILLISECONDS);
        }
        return true;
    }

    /** Whether there is an HTTP/1.1 codec of a server, and it has not given way to another protocol. */
    static boolean isHttp1(ChannelPipeline pipeline) {
        InFlight inFlight = pipeline.get(InFlight.class);
        return inFlight == null
                ? pipeline.get(HttpServerCodec.class) != null || pipeline.get(HttpRequestDecoder.class) != null
                : !inFlight.isHttpOver();
    }

    /** Whether nothing was answered since the drain began, and nothing is to be. */
    static boolean isIdleSinceTold(ChannelPipeline pipeline) {
        Http1Drain drain = pipeline.get(Http1Drain.class);
        return drain != null && drain.inFlight != null && !drain.lastResponseBegan && drain.inFlight.requests() == 0;
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof HttpResponse response && isSwitch(response)) {
            context.write(message, promise);
            // Not yet: whoever switches has not changed the pipeline.
            context.executor().execute(() -> becomesAnother(context));
            return;
        }
        if (message instanceof HttpResponse response && isFinal(response) && isLast()) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            lastResponseBegan = true;
        }
        if (message instanceof LastHttpContent && lastResponseBegan && !closing) {
            closing = true;
            promise = promise.unvoid();
            promise.addListener(written -> context.close());
        }
        context.write(message, promise);
        resumeIfAllIsAnswered(context);
    }

    private void insist(ChannelHandlerContext context) {
        if (!context.isRemoved()) {
            insists = true;
            pause(context);
        }
    }

    private void pause(ChannelHandlerContext context) {
        ChannelConfig config = context.channel().config();
        if (insists
                && !lastResponseBegan
                && inFlight != null
                && inFlight.requests() > 0
                && inFlight.isBeforeNextRequest()
                && config.isAutoRead()) {
            config.setAutoRead(false);
            paused = true;
        }
    }

    /** The last response had begun before this drain, so that it could not say that it is: the next one will. */
    private void resumeIfAllIsAnswered(ChannelHandlerContext context) {
        if (paused && !lastResponseBegan && inFlight != null && inFlight.requests() == 0) {
            paused = false;
            context.channel().config().setAutoRead(true);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        context.fireChannelReadComplete();
        if (!context.isRemoved()) {
            pause(context);
        }
    }

    /** What follows is read by another protocol. */
    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        if (paused && context.channel().isOpen()) {
            context.channel().config().setAutoRead(true);
        }
    }

    private boolean isLast() {
        return inFlight == null || inFlight.requests() <= 1;
    }

    /** What follows 101, or a success for {@code CONNECT}, is another protocol. */
    private boolean isSwitch(HttpResponse response) {
        return response.status().code() == SWITCHING_PROTOCOLS
                || (inFlight != null
                        && inFlight.isTunnelNext()
                        && response.status().codeClass() == HttpStatusClass.SUCCESS);
    }

    private void becomesAnother(ChannelHandlerContext context) {
        if (!context.isRemoved()) {
            ChannelPipeline pipeline = context.pipeline();
            pipeline.remove(this);
            switched.accept(pipeline);
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

    /** The client says no more, and the connection stays open for its answers: when there are none left, it ends. */
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        context.fireUserEventTriggered(event);
        if (event instanceof ChannelInputShutdownEvent && !context.isRemoved()) {
            endIfNothingCanCome(context);
        }
    }

    private void endIfNothingCanCome(ChannelHandlerContext context) {
        if (isInputShutdown(context.channel()) && inFlight != null && inFlight.requests() == 0 && !closing) {
            closing = true;
            context.close();
        }
    }

    private static boolean isInputShutdown(Channel channel) {
        return channel instanceof DuplexChannel duplex && duplex.isInputShutdown();
    }

    /** 1xx precede the response. */
    private static boolean isFinal(HttpResponse response) {
        return response.status().codeClass() != HttpStatusClass.INFORMATIONAL;
    }
}
