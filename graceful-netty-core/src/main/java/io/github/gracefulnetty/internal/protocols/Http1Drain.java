// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.Map;
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
final class Http1Drain extends ChannelDuplexHandler implements OwnHandler {
    private static final int SWITCHING_PROTOCOLS = 101;

    /** How long a client may go on to send one request after the other, before it is not read any more. */
    private static final long ENDLESS_MILLIS = 1_000;

    private final @Nullable HttpExchanges exchanges;
    private final Consumer<ChannelPipeline> switched;
    private boolean insists;
    private boolean paused;
    private boolean lastResponseBegan;
    private boolean refusing;
    private boolean closing;

    private Http1Drain(@Nullable HttpExchanges exchanges, Consumer<ChannelPipeline> switched) {
        this.exchanges = exchanges;
        this.switched = switched;
    }

    /**
     * Puts itself behind the HTTP/1.1 codec of a server pipeline; {@code false} if there is none, or not any more.
     *
     * @param switched gets the pipeline when HTTP/1.1 ends on it
     */
    static boolean install(ChannelPipeline pipeline, Consumer<ChannelPipeline> switched) {
        if (pipeline.get(Http1Drain.class) != null) {
            return true;
        }
        Http1Codec codec = Http1Codec.in(pipeline);
        HttpExchanges exchanges = pipeline.get(HttpExchanges.class);
        if (codec == null || (exchanges != null && exchanges.isHttpOver())) {
            return false;
        }
        if (exchanges != null && !exchanges.watches(pipeline.get(codec.decoder()))) {
            exchanges = null; // what it knows is of a codec that has gone
        }
        Http1Drain drain = new Http1Drain(exchanges, switched);
        pipeline.addAfter(behind(pipeline, codec, exchanges), null, drain);
        ChannelHandlerContext context = pipeline.context(drain);
        drain.endIfNothingCanCome(context);
        if (exchanges != null) {
            context.executor().schedule(() -> drain.insist(context), ENDLESS_MILLIS, TimeUnit.MILLISECONDS);
        }
        return true;
    }

    /** The codec, or what knows its exchanges, whichever is the last one. */
    private static String behind(ChannelPipeline pipeline, Http1Codec codec, @Nullable HttpExchanges exchanges) {
        String last = codec.last();
        for (Map.Entry<String, ChannelHandler> entry : pipeline) {
            if (entry.getKey().equals(codec.last()) || entry.getValue() == exchanges) {
                last = entry.getKey();
            }
        }
        return last;
    }

    /** Whether nothing was answered since the drain began, and nothing is to be. */
    boolean isIdleSinceTold() {
        return exchanges != null && !lastResponseBegan && exchanges.isSettled();
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof HttpResponse response && isSwitch(response)) {
            context.write(message, promise);
            // Not yet: whoever switches has not changed the pipeline.
            context.executor().execute(() -> becomesAnother(context));
            return;
        }
        Object written = message;
        ChannelPromise done = promise;
        if (message instanceof HttpResponse response && isFinal(response) && isLast()) {
            written = LastResponse.of(response);
            lastResponseBegan = true;
        }
        if (message instanceof LastHttpContent && lastResponseBegan && !closing) {
            closing = true;
            done = promise.unvoid();
            done.addListener(sent -> context.close());
        }
        context.write(written, done);
        resumeIfAllIsAnswered(context);
    }

    private void insist(ChannelHandlerContext context) {
        if (!context.isRemoved()) {
            insists = true;
            pause(context);
        }
    }

    private void pause(ChannelHandlerContext context) {
        if (insists
                && !lastResponseBegan
                && exchanges != null
                && exchanges.requests() > 0
                && exchanges.isBeforeNextRequest()) {
            ReadPause.begin(context.channel());
            paused = true;
        }
    }

    /** The last response had begun before this drain, so that it could not say that it is: the next one will. */
    private void resumeIfAllIsAnswered(ChannelHandlerContext context) {
        if (paused && !lastResponseBegan && exchanges != null && exchanges.requests() == 0) {
            paused = false;
            ReadPause.end(context.channel());
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
        if (paused) {
            ReadPause.end(context.channel());
        }
    }

    private boolean isLast() {
        return !lastResponseBegan && (exchanges == null || exchanges.requests() <= 1);
    }

    /** What follows 101, or a success for {@code CONNECT}, is another protocol. */
    private boolean isSwitch(HttpResponse response) {
        return response.status().code() == SWITCHING_PROTOCOLS
                || (exchanges != null
                        && exchanges.isTunnelNext()
                        && response.status().codeClass() == HttpStatusClass.SUCCESS);
    }

    private void becomesAnother(ChannelHandlerContext context) {
        if (!context.isRemoved()) {
            ChannelPipeline pipeline = context.pipeline();
            pipeline.remove(this);
            switched.accept(pipeline);
        }
    }

    /**
     * The client was told that no other request is answered: one that it has sent before it knew is not executed, and it may
     * repeat that (RFC 9112, 9.6). What is left of the last one is its handlers'.
     */
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        refusing |= closing || (lastResponseBegan && message instanceof HttpRequest);
        if (refusing) {
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
        if (isInputShutdown(context.channel()) && exchanges != null && exchanges.isSettled() && !closing) {
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
