// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;

/** How the exchanges of a connection end: gets what passes the handler behind its codec. On the connection's event loop. */
interface Ending {
    /** The way to the encoder. */
    interface Encoder {
        void encode(ChannelHandlerContext context, Object message, ChannelPromise promise);
    }

    /** A message for the encoder. */
    void write(ChannelHandlerContext context, Object message, ChannelPromise promise);

    /** A message that the decoder has made. */
    void read(ChannelHandlerContext context, Object message);

    /** A read is over. */
    void readComplete(ChannelHandlerContext context);

    /** The client says no more, and the connection stays open for its answers. */
    void inputEnded(ChannelHandlerContext context);

    /** It ends no more: what follows is read by another protocol, or by nobody. */
    void leave(ChannelHandlerContext context);
}
