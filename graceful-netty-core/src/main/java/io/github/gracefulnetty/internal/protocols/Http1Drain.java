// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
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
final class Http1Drain implements Ending {
    private static final int SWITCHING_PROTOCOLS = 101;

    /** How long a client may go on to send one request after the other, before it is not read any more. */
    private static final long ENDLESS_MILLIS = 1_000;

    private final Http1Codec codec;
    private final @Nullable HttpExchanges exchanges;
    private final Encoder encoder;
    private final Consumer<ChannelPipeline> switched;
    private boolean insists;
    private boolean paused;
    private boolean lastResponseBegan;
    private boolean refusing;
    private boolean closing;
    private boolean left;

    private Http1Drain(
            Http1Codec codec, @Nullable HttpExchanges exchanges, Encoder encoder, Consumer<ChannelPipeline> switched) {
        this.codec = codec;
        this.exchanges = exchanges;
        this.encoder = encoder;
        this.switched = switched;
    }

    /**
     * Puts itself behind the HTTP/1.1 codec of a server pipeline; {@code false} if there is none, or not any more.
     *
     * @param switched gets the pipeline when HTTP/1.1 ends on it
     */
    static boolean install(ChannelPipeline pipeline, Consumer<ChannelPipeline> switched) {
        if (of(pipeline) != null) {
            return true;
        }
        Http1Codec codec = Http1Codec.in(pipeline);
        HttpExchanges exchanges = pipeline.get(HttpExchanges.class);
        if (codec == null || (exchanges != null && exchanges.isHttpOver())) {
            return false;
        }
        if (exchanges == null || !exchanges.watches(pipeline.get(codec.decoder()))) {
            // What there is may know another codec, which has gone.
            Standing handler = new Standing(new Http1Drain(codec, null, ChannelHandlerContext::write, switched));
            pipeline.addAfter(codec.last(), null, handler);
            return true;
        }
        Http1Drain drain = new Http1Drain(codec, exchanges, exchanges, switched);
        ChannelHandlerContext context = pipeline.context(exchanges);
        exchanges.end(drain);
        drain.endIfNothingCanCome(context);
        context.executor().schedule(() -> drain.insist(context), ENDLESS_MILLIS, TimeUnit.MILLISECONDS);
        return true;
    }

    /** That of a connection; {@code null} if it does not end so. */
    static @Nullable Http1Drain of(ChannelPipeline pipeline) {
        Standing alone = pipeline.get(Standing.class);
        HttpExchanges exchanges = pipeline.get(HttpExchanges.class);
        if (alone != null) {
            return alone.drain;
        }
        return exchanges != null && exchanges.ending() instanceof Http1Drain drain ? drain : null;
    }

    /**
     * Behind a codec whose exchanges nobody knows. Where they are known no handler is added: Netty 4.2 would mix up what is on
     * its way to a handler behind it that has an executor of its own.
     */
    private static final class Standing extends ChannelDuplexHandler implements OwnHandler {
        private final Http1Drain drain;

        Standing(Http1Drain drain) {
            this.drain = drain;
        }

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            drain.write(context, message, promise);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            drain.read(context, message);
        }
    }

    /** Whether nothing was answered since the drain began, and nothing is to be. */
    boolean isIdleSinceTold() {
        return exchanges != null && !lastResponseBegan && exchanges.isSettled();
    }

    /** A message for the encoder. */
    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof HttpResponse response && isSwitch(response)) {
            encoder.encode(context, message, promise);
            // Not yet: whoever switches has not changed the pipeline.
            context.executor().execute(() -> becomesAnother(context));
            return;
        }
        Object written = message;
        ChannelPromise done = promise;
        if (message instanceof HttpResponse response && isFinal(response) && isLast()) {
            written = LastResponse.of(response, codec);
            lastResponseBegan = true;
        }
        if (message instanceof LastHttpContent && lastResponseBegan && !closing) {
            closing = true;
            done = promise.unvoid();
            done.addListener(sent -> context.close());
        }
        encoder.encode(context, written, done);
        resumeIfAllIsAnswered(context);
    }

    private void insist(ChannelHandlerContext context) {
        if (!context.isRemoved() && !left) {
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
            paused |= ReadPause.begin(context.channel());
        }
    }

    /** The last response had begun before this drain, so that it could not say that it is: the next one will. */
    private void resumeIfAllIsAnswered(ChannelHandlerContext context) {
        if (paused && !lastResponseBegan && exchanges != null && exchanges.requests() == 0) {
            paused = false;
            ReadPause.end(context.channel());
        }
    }

    /** A read is over. */
    @Override
    public void readComplete(ChannelHandlerContext context) {
        if (!context.isRemoved()) {
            pause(context);
        }
    }

    /** It ends no more: what follows is read by another protocol, or by nobody. */
    @Override
    public void leave(ChannelHandlerContext context) {
        left = true;
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
        if (context.isRemoved() || left) {
            return;
        }
        leave(context);
        ChannelPipeline pipeline = context.pipeline();
        if (exchanges != null) {
            exchanges.end(null);
        } else {
            pipeline.remove(Standing.class);
        }
        switched.accept(pipeline);
    }

    /**
     * The client was told that no other request is answered: one that it has sent before it knew is not executed, and it may
     * repeat that (RFC 9112, 9.6). What is left of the last one is its handlers'.
     */
    @Override
    public void read(ChannelHandlerContext context, Object message) {
        refusing |= closing || (lastResponseBegan && message instanceof HttpRequest);
        if (refusing) {
            ReferenceCountUtil.release(message);
        } else {
            context.fireChannelRead(message);
        }
    }

    /** The client says no more, and the connection stays open for its answers: when there are none left, it ends. */
    @Override
    public void inputEnded(ChannelHandlerContext context) {
        if (!context.isRemoved()) {
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
