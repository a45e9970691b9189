// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.drain;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.unix.DomainDatagramChannel;
import java.util.function.Predicate;

/** Begins the drain of one connection, on its event loop: installs what its protocol needs and fires the event. */
final class ConnectionDrain {
    private static final boolean HTTP_CODEC_PRESENT = isPresent("io.netty.handler.codec.http.HttpServerCodec");
    private static final boolean HTTP2_CODEC_PRESENT = isPresent("io.netty.handler.codec.http2.Http2ConnectionHandler");

    private ConnectionDrain() {}

    /** @param delivered see {@link LingeringClose#install} */
    static void begin(Channel connection, Predicate<Channel> delivered) {
        if (!connection.isOpen()) {
            return;
        }
        ChannelPipeline pipeline = connection.pipeline();
        if (isDatagram(connection)) {
            DatagramDrain.begin(pipeline);
            return;
        }
        LingeringClose.install(connection, delivered);
        if ((HTTP_CODEC_PRESENT || HTTP2_CODEC_PRESENT) && !install(pipeline)) {
            // The protocol may be negotiated still (ALPN): look again after each read.
            pipeline.addFirst(new LateProtocol());
        }
        DrainNotice.fire(connection);
    }

    /** Closes it now, whatever its protocol would wait for. On its event loop. */
    static void force(Channel connection) {
        LingeringClose.uninstall(connection);
        if (HTTP2_CODEC_PRESENT) {
            Http2Drain.hurry(connection.pipeline());
        }
        connection.close();
    }

    /** What is spoken on it, for reports. Right when it ends, on its event loop, its pipeline is still there. */
    static String protocol(Channel connection) {
        ChannelPipeline pipeline = connection.pipeline();
        if (isDatagram(connection)) {
            return "datagram";
        }
        if (HTTP2_CODEC_PRESENT && Http2Drain.isHttp2(pipeline)) {
            return "http/2";
        }
        if (HTTP_CODEC_PRESENT && WebSocketDrain.isWebSocket(pipeline)) {
            return "websocket";
        }
        return HTTP_CODEC_PRESENT && Http1Drain.isHttp1(pipeline) ? "http/1.1" : "other";
    }

    /** Whether no exchange was in progress when it was told to end, and none has begun since. */
    static boolean isIdleSinceTold(Channel connection) {
        ChannelPipeline pipeline = connection.pipeline();
        return (HTTP2_CODEC_PRESENT && Http2Drain.isIdleSinceTold(pipeline))
                || (HTTP_CODEC_PRESENT && Http1Drain.isIdleSinceTold(pipeline));
    }

    static boolean isDatagram(Channel channel) {
        return channel instanceof DatagramChannel || channel instanceof DomainDatagramChannel;
    }

    /** HTTP/1.1 ends on this connection: what follows may be there already, or is looked for after each read. */
    private static void switched(ChannelPipeline pipeline) {
        if (!installOther(pipeline)) {
            pipeline.addFirst(new LateProtocol());
        }
    }

    private static boolean install(ChannelPipeline pipeline) {
        return installOther(pipeline)
                || (HTTP_CODEC_PRESENT && Http1Drain.install(pipeline, ConnectionDrain::switched));
    }

    private static boolean installOther(ChannelPipeline pipeline) {
        return (HTTP2_CODEC_PRESENT && Http2Drain.install(pipeline))
                || (HTTP_CODEC_PRESENT && WebSocketDrain.install(pipeline));
    }

    private static boolean isPresent(String className) {
        try {
            Class.forName(className, false, ConnectionDrain.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    private static final class LateProtocol extends ChannelInboundHandlerAdapter {
        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            if (install(context.pipeline())) {
                context.pipeline().remove(this);
            }
            context.fireChannelReadComplete();
        }
    }
}
