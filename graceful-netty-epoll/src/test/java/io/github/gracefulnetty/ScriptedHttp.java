// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static io.netty.handler.codec.http.HttpHeaderNames.CONTENT_LENGTH;
import static io.netty.handler.codec.http.HttpHeaderNames.TRANSFER_ENCODING;
import static io.netty.handler.codec.http.HttpResponseStatus.OK;
import static io.netty.handler.codec.http.HttpResponseStatus.SWITCHING_PROTOCOLS;
import static io.netty.handler.codec.http.HttpVersion.HTTP_1_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.gracefulnetty.connection.DrainEvent;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * An HTTP/1.1 server that does what the path says, and keeps nothing between two requests: {@code /later} and the second
 * half of {@code /download} when {@link #proceed} is called, {@code /events} until the drain, {@code /switch} to an echo.
 */
final class ScriptedHttp extends ChannelInboundHandlerAdapter {
    private final String name;
    private final Queue<Runnable> steps;
    private String path = "";
    private int bodyBytes;

    ScriptedHttp(String name, Queue<Runnable> steps) {
        this.name = name;
        this.steps = steps;
    }

    static Queue<Runnable> steps() {
        return new ConcurrentLinkedQueue<>();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpRequest request) {
            path = request.method().name().equals("CONNECT") ? "CONNECT" : request.uri();
            bodyBytes = 0;
        }
        if (message instanceof HttpContent content) {
            bodyBytes += content.content().readableBytes();
        }
        boolean complete = message instanceof LastHttpContent;
        ReferenceCountUtil.release(message);
        if (complete) {
            answer(context);
        }
    }

    private void answer(ChannelHandlerContext context) {
        switch (path) {
            case "/later" -> step(context, () -> respond(context, name));
            case "/upload" -> respond(context, name + " got " + bodyBytes);
            case "/big" -> respond(context, "x".repeat(8 << 20));
            case "/pause" -> {
                context.channel().config().setAutoRead(false);
                respond(context, name);
                step(context, () -> context.channel().config().setAutoRead(true));
            }
            case "/download" -> {
                begin(context);
                step(context, () -> end(context));
            }
            case "/events" -> begin(context);
            case "CONNECT" -> step(context, () -> switchTo(context, response(OK.code())));
            case "/switch" -> step(context, () -> switchTo(context, response(SWITCHING_PROTOCOLS.code())));
            default -> respond(context, name);
        }
    }

    private void step(ChannelHandlerContext context, Runnable step) {
        steps.add(() -> context.executor().execute(step));
    }

    private static FullHttpResponse response(int status) {
        return new DefaultFullHttpResponse(HTTP_1_1, io.netty.handler.codec.http.HttpResponseStatus.valueOf(status));
    }

    private static void respond(ChannelHandlerContext context, String line) {
        ByteBuf body = Unpooled.copiedBuffer(line + "\n", US_ASCII);
        FullHttpResponse response = new DefaultFullHttpResponse(HTTP_1_1, OK, body);
        response.headers().setInt(CONTENT_LENGTH, body.readableBytes());
        context.writeAndFlush(response);
    }

    private void begin(ChannelHandlerContext context) {
        HttpResponse head = new DefaultHttpResponse(HTTP_1_1, OK);
        head.headers().set(TRANSFER_ENCODING, "chunked");
        context.write(head);
        context.writeAndFlush(new DefaultHttpContent(Unpooled.copiedBuffer("begun by " + name + "\n", US_ASCII)));
    }

    private void end(ChannelHandlerContext context) {
        context.write(new DefaultHttpContent(Unpooled.copiedBuffer("ended by " + name + "\n", US_ASCII)));
        context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
    }

    private static void switchTo(ChannelHandlerContext context, FullHttpResponse response) {
        context.writeAndFlush(response);
        context.pipeline().replace(HttpServerCodec.class, "echo", new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext echo, Object message) {
                echo.writeAndFlush(message);
            }
        });
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == DrainEvent.INSTANCE && path.equals("/events")) {
            path = "";
            end(context);
        }
        context.fireUserEventTriggered(event);
    }

    /** Lets the oldest step that waits be taken. */
    static void proceed(Queue<Runnable> steps) {
        steps.remove().run();
    }
}
