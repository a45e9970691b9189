// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.share;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.util.concurrent.CompletableFuture;

/** Answers the first bytes of a connection, as HTTP would, and closes it. */
final class AnswerHandler extends SimpleChannelInboundHandler<ByteBuf> {
    private final CompletableFuture<String> answered;

    /** @param answered completes with the first line of what came; with what went wrong otherwise */
    AnswerHandler(CompletableFuture<String> answered) {
        this.answered = answered;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf request) {
        String line = request.toString(US_ASCII).lines().findFirst().orElse("");
        String body = "hello from pid " + ProcessHandle.current().pid() + "\n";
        String answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
        context.writeAndFlush(Unpooled.copiedBuffer(answer, US_ASCII))
                .addListener(ChannelFutureListener.CLOSE)
                .addListener(written -> {
                    if (written.isSuccess()) {
                        answered.complete(line);
                    } else {
                        answered.completeExceptionally(written.cause());
                    }
                });
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        answered.complete("nobody: the client hung up");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        answered.completeExceptionally(cause);
        context.close();
    }
}
