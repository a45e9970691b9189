// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.websocket;

import io.github.gracefulnetty.connection.Migratable;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;

/** Answers every request that opens no WebSocket with the page. */
final class CounterPage extends SimpleChannelInboundHandler<FullHttpRequest> implements Migratable {
    private final byte[] page;

    CounterPage(byte[] page) {
        this.page = page;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        if (request.decoderResult().isFailure()) {
            context.close(); // this is not HTTP
            return;
        }
        HttpResponseStatus status = request.uri().equals("/") ? HttpResponseStatus.OK : HttpResponseStatus.NOT_FOUND;
        FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(page));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "text/html; charset=utf-8")
                .setInt(HttpHeaderNames.CONTENT_LENGTH, page.length);
        context.writeAndFlush(response);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close(); // a client that hung up
    }
}
