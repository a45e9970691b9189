// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.DuplexChannel;

/**
 * A connection that is not read for a while, whatever the application says: what the client sends waits in the kernel. The
 * application's own back-pressure is left to it: it may switch auto-read off and on meanwhile, and what it has said last holds
 * when the pause ends. On the connection's event loop.
 */
public final class ReadPause extends ChannelOutboundHandlerAdapter implements OwnHandler {
    private boolean asked;

    private ReadPause() {}

    /** Begins, after a read and not in the middle of one; {@code false} if the connection is paused already. */
    public static boolean begin(Channel connection) {
        ChannelPipeline pipeline = connection.pipeline();
        if (pipeline.get(ReadPause.class) != null || !connection.isOpen()) {
            return false;
        }
        pipeline.addFirst(new ReadPause());
        if (connection.config().isAutoRead()) {
            // The transport stops with the first, and would start again by the read that the second asks for.
            connection.config().setAutoRead(false);
            connection.config().setAutoRead(true);
        }
        return true;
    }

    /** Ends: goes on as the application wants it now. */
    public static void end(Channel connection) {
        ReadPause pause = connection.pipeline().get(ReadPause.class);
        if (pause == null) {
            return;
        }
        connection.pipeline().remove(pause);
        // At the end there is nothing to read, and Netty 4.2.18 would fail and close it.
        boolean ended = connection instanceof DuplexChannel duplex && duplex.isInputShutdown();
        if (connection.isOpen() && !ended && (pause.asked || connection.config().isAutoRead())) {
            connection.read();
        }
    }

    /** Whether it is paused. */
    public static boolean isOn(Channel connection) {
        return connection.pipeline().get(ReadPause.class) != null;
    }

    @Override
    public void read(ChannelHandlerContext context) {
        asked = !context.channel().config().isAutoRead(); // with auto-read it is read anyway
    }
}
