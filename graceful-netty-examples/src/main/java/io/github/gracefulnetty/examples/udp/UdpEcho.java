// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.udp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;

/** Answers with the same bytes, and four more: the generation. */
final class UdpEcho extends ChannelInboundHandlerAdapter {
    private final int generation;

    UdpEcho(int generation) {
        this.generation = generation;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        DatagramPacket request = (DatagramPacket) message;
        ByteBuf answer = context.alloc().directBuffer(request.content().readableBytes() + Integer.BYTES);
        answer.writeBytes(request.content()).writeInt(generation);
        context.write(new DatagramPacket(answer, request.sender()));
        request.release();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        context.flush();
    }
}
