// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.http;

import static io.netty.handler.codec.http.HttpHeaderNames.CONTENT_LENGTH;
import static io.netty.handler.codec.http.HttpHeaderNames.CONTENT_TYPE;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Answers who it is: {@code GET /} at once, {@code GET /slow?ms=N} after N ms. */
final class WhoHandler extends SimpleChannelInboundHandler<HttpObject> {
    private static final long MAX_DELAY_MILLIS = 600_000;

    private final byte[] body;
    private @Nullable HttpRequest request;

    /** @param body see {@link #body} */
    WhoHandler(byte[] body) {
        this.body = body;
    }

    /** Who this process is. */
    static byte[] body(int generation) {
        return (ProcessHandle.current().pid() + " " + generation + "\n").getBytes(US_ASCII);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
        if (message instanceof HttpRequest head) {
            request = head;
        }
        HttpRequest complete = request;
        if (message instanceof LastHttpContent && complete != null) {
            request = null;
            route(context, complete);
        }
    }

    private void route(ChannelHandlerContext context, HttpRequest head) {
        QueryStringDecoder uri = new QueryStringDecoder(head.uri());
        if (head.decoderResult().isFailure()) {
            answer(context, head, HttpResponseStatus.BAD_REQUEST);
        } else if (!head.method().equals(HttpMethod.GET)) {
            answer(context, head, HttpResponseStatus.METHOD_NOT_ALLOWED);
        } else if (uri.path().equals("/")) {
            answer(context, head, HttpResponseStatus.OK);
        } else if (uri.path().equals("/slow")) {
            long delay = millis(uri);
            if (delay < 0) {
                answer(context, head, HttpResponseStatus.BAD_REQUEST);
            } else {
                context.executor()
                        .schedule(() -> answer(context, head, HttpResponseStatus.OK), delay, TimeUnit.MILLISECONDS);
            }
        } else {
            answer(context, head, HttpResponseStatus.NOT_FOUND);
        }
    }

    private static long millis(QueryStringDecoder uri) {
        List<String> values = uri.parameters().getOrDefault("ms", List.of());
        try {
            long millis = values.size() == 1 ? Long.parseLong(values.get(0)) : -1;
            return millis <= MAX_DELAY_MILLIS ? millis : -1;
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private void answer(ChannelHandlerContext context, HttpRequest head, HttpResponseStatus status) {
        FullHttpResponse response = new DefaultFullHttpResponse(
                head.protocolVersion(),
                status,
                status.equals(HttpResponseStatus.OK) ? Unpooled.wrappedBuffer(body) : Unpooled.EMPTY_BUFFER);
        response.headers()
                .set(CONTENT_TYPE, "text/plain")
                .setInt(CONTENT_LENGTH, response.content().readableBytes());
        boolean keepAlive = HttpUtil.isKeepAlive(head);
        HttpUtil.setKeepAlive(response, keepAlive);
        ChannelFuture written = context.write(response);
        if (!keepAlive) {
            written.addListener(ChannelFutureListener.CLOSE);
        }
        context.flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close(); // a client that hung up or spoke nonsense; its other requests are its own affair
    }
}
