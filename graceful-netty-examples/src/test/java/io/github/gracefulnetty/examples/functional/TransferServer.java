// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulBootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpChunkedInput;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerExpectContinueHandler;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.stream.ChunkedStream;
import io.netty.handler.stream.ChunkedWriteHandler;
import java.io.ByteArrayInputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Random;

/** Sends the same {@link #SIZE} bytes to whoever asks, and answers an upload with its pid and the upload's digest. */
final class TransferServer {
    static final int SIZE = 100_000_000;

    private static final byte[] CONTENT = new byte[SIZE];

    private TransferServer() {}

    /** What it sends. */
    static byte[] content() {
        byte[] block = new byte[1_000_003];
        new Random(1).nextBytes(block);
        for (int at = 0; at < SIZE; at += block.length) {
            System.arraycopy(block, 0, CONTENT, at, Math.min(block.length, SIZE - at));
        }
        return CONTENT;
    }

    static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
    public static void main(String... arguments) throws Exception {
        content();
        EventLoopGroup workers = new EpollEventLoopGroup(2);
        try {
            Channel channel = new GracefulBootstrap()
                    .group(workers)
                    .channel(EpollServerSocketChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel connection) {
                            connection.pipeline().addLast(new HttpServerCodec(), new HttpServerExpectContinueHandler());
                            connection.pipeline().addLast(new ChunkedWriteHandler(), new Transfers());
                        }
                    })
                    .bind("127.0.0.1", 0)
                    .sync()
                    .channel();
            System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation="
                    + Graceful.processWide().generation() + " address=127.0.0.1:"
                    + ((InetSocketAddress) channel.localAddress()).getPort());
            channel.closeFuture().sync();
        } finally {
            workers.shutdownGracefully();
        }
    }

    private static final class Transfers extends SimpleChannelInboundHandler<HttpObject> {
        private final MessageDigest received = digest();
        private boolean upload;

        @Override
        protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
            if (message instanceof HttpRequest request) {
                upload = !request.method().equals(HttpMethod.GET);
            }
            if (message instanceof HttpContent content) {
                received.update(ByteBufUtil.getBytes(content.content()));
            }
            if (message instanceof LastHttpContent && upload) {
                respond(context);
            } else if (message instanceof LastHttpContent) {
                send(context);
            }
        }

        private void respond(ChannelHandlerContext context) {
            String text = ProcessHandle.current().pid() + " " + ByteBufUtil.hexDump(received.digest()) + "\n";
            var body = Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
            var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, body);
            response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
            context.writeAndFlush(response);
        }

        private static void send(ChannelHandlerContext context) {
            HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
            head.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, SIZE);
            context.write(head);
            context.writeAndFlush(new HttpChunkedInput(new ChunkedStream(new ByteArrayInputStream(CONTENT), 65_536)));
        }
    }
}
