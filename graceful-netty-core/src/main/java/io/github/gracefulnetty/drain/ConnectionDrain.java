// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.drain;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.unix.DomainDatagramChannel;

/** Begins the drain of one connection, on its event loop: installs what its protocol needs and fires the event. */
final class ConnectionDrain {
    private static final boolean HTTP_CODEC_PRESENT = isPresent("io.netty.handler.codec.http.HttpServerCodec");

    private ConnectionDrain() {}

    static void begin(Channel connection) {
        if (!connection.isOpen()) {
            return;
        }
        ChannelPipeline pipeline = connection.pipeline();
        if (connection instanceof DatagramChannel || connection instanceof DomainDatagramChannel) {
            DatagramDrain.begin(pipeline);
            return;
        }
        if (HTTP_CODEC_PRESENT && !Http1Drain.install(pipeline)) {
            // The protocol may be negotiated still (ALPN, upgrade): look again after each read.
            pipeline.addFirst(new LateProtocol());
        }
        pipeline.fireUserEventTriggered(DrainEvent.INSTANCE);
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
            if (Http1Drain.install(context.pipeline())) {
                context.pipeline().remove(this);
            }
            context.fireChannelReadComplete();
        }
    }
}
