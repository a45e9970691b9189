// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/**
 * Answers each request with what it was and a semicolon, at once or after the milliseconds that its path says, in their
 * order; then closes, if the client has closed its side. Keeps nothing between two requests.
 */
final class InOrder extends ChannelInboundHandlerAdapter {
    private static final class Answer {
        private final String text;
        private final HttpResponseStatus status;
        private final boolean closes;
        private boolean due;

        private Answer(String text, HttpResponseStatus status, boolean closes) {
            this.text = text;
            this.status = status;
            this.closes = closes;
        }
    }

    private final Deque<Answer> waiting = new ArrayDeque<>();
    private String uri = "";
    private boolean keepAlive;
    private int bodyBytes;
    private boolean inputEnded;

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        context.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpRequest request) {
            uri = request.uri();
            keepAlive = HttpUtil.isKeepAlive(request);
            bodyBytes = 0;
        }
        if (message instanceof HttpContent content) {
            bodyBytes += content.content().readableBytes();
        }
        boolean bad =
                message instanceof HttpObject object && object.decoderResult().isFailure();
        boolean complete = message instanceof LastHttpContent;
        ReferenceCountUtil.release(message);
        if (bad) {
            add(context, new Answer("bad", HttpResponseStatus.BAD_REQUEST, true), 0);
        } else if (complete) {
            int delay = uri.startsWith("/in") ? uri.charAt(3) - '0' : 0;
            add(context, new Answer(uri + " " + bodyBytes, HttpResponseStatus.OK, !keepAlive), delay);
        }
    }

    private void add(ChannelHandlerContext context, Answer answer, int delayMillis) {
        waiting.add(answer);
        Runnable due = () -> {
            answer.due = true;
            answerAll(context);
        };
        if (delayMillis == 0) {
            due.run();
        } else {
            context.executor().schedule(due, delayMillis, TimeUnit.MILLISECONDS);
        }
    }

    private void answerAll(ChannelHandlerContext context) {
        while (!waiting.isEmpty() && waiting.element().due) {
            Answer next = waiting.remove();
            ByteBuf body = Unpooled.copiedBuffer(next.text + ";", US_ASCII);
            FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, next.status, body);
            response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
            HttpUtil.setKeepAlive(response, !next.closes);
            ChannelFuture written = context.writeAndFlush(response);
            if (next.closes) {
                written.addListener(ChannelFutureListener.CLOSE);
            }
        }
        if (inputEnded && waiting.isEmpty()) {
            context.close();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            answerAll(context);
        }
        context.fireUserEventTriggered(event);
    }
}
