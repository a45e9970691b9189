// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.drain;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.util.ReferenceCountUtil;
import org.junit.jupiter.api.Test;

class WebSocketDrainTest {
    @Test
    void shouldEndWhenTheClientAnswersWithTheEncoderBeforeTheDecoder() {
        shouldEndWhenTheClientAnswers(new WebSocket13FrameEncoder(false), decoder()); // as HttpServerCodec is replaced
    }

    @Test
    void shouldEndWhenTheClientAnswersWithTheDecoderBeforeTheEncoder() {
        shouldEndWhenTheClientAnswers(decoder(), new WebSocket13FrameEncoder(false));
    }

    @Test
    void shouldLeaveOtherProtocolsAlone() {
        EmbeddedChannel channel = new EmbeddedChannel();
        assertThat(WebSocketDrain.install(channel.pipeline())).isFalse();
        channel.finishAndReleaseAll();
    }

    private static ChannelHandler decoder() {
        return new WebSocket13FrameDecoder(
                WebSocketDecoderConfig.newBuilder().expectMaskedFrames(false).build());
    }

    private static void shouldEndWhenTheClientAnswers(ChannelHandler... codec) {
        EmbeddedChannel channel = new EmbeddedChannel(codec);
        assertThat(WebSocketDrain.install(channel.pipeline())).isTrue();
        ByteBuf close = channel.readOutbound();
        assertThat(close.getByte(0) & 0xFF).isEqualTo(0x88); // final frame, opcode 8
        assertThat(close.getShort(2)).isEqualTo((short) 1012);
        close.release();
        assertThat(channel.isOpen()).isTrue();
        channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {(byte) 0x88, 2, 1012 >> 8, (byte) 1012}));
        assertThat(channel.isOpen()).isFalse();
        for (Object left = channel.readInbound(); left != null; left = channel.readInbound()) {
            ReferenceCountUtil.release(left);
        }
        channel.finishAndReleaseAll();
    }
}
