// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.drain;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.connection.DrainEvent;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class Http1DrainTest {
    private static final String REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    private int drainEvents;
    private int requests;
    private final EmbeddedChannel channel =
            new EmbeddedChannel(new HttpServerCodec(), new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    if (message instanceof LastHttpContent) {
                        requests++;
                    }
                    ReferenceCountUtil.release(message);
                }

                @Override
                public void userEventTriggered(ChannelHandlerContext context, Object event) {
                    if (event == DrainEvent.INSTANCE) {
                        drainEvents++;
                    }
                }
            });

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    @Test
    void shouldTellHandlersThatComeLateThatTheDrainHasBegun() {
        assertThat(DrainEvent.hasBegun(channel)).isFalse();
        ConnectionDrain.begin(channel, all -> true);
        assertThat(DrainEvent.hasBegun(channel)).isTrue();
        assertThat(drainEvents).isEqualTo(1);
    }

    @Test
    void shouldAnswerTheRequestInFlightWithConnectionCloseAndThenClose() {
        request();
        ConnectionDrain.begin(channel, all -> true);
        assertThat(channel.isOpen()).isTrue();
        assertThat(respond()).contains("connection: close");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void shouldLeaveAnIdleConnectionOpenUntilItsNextRequestIsAnswered() {
        request();
        assertThat(respond()).doesNotContain("connection");
        ConnectionDrain.begin(channel, all -> true);
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isTrue();
        request();
        assertThat(requests).isEqualTo(2);
        assertThat(respond()).contains("connection: close");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void shouldFinishAResponseThatHasBegunAndAnswerOneMoreRequest() {
        request();
        DefaultHttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        head.headers().set("transfer-encoding", "chunked");
        channel.writeOutbound(head);
        ConnectionDrain.begin(channel, all -> true);
        channel.writeOutbound(LastHttpContent.EMPTY_LAST_CONTENT);
        assertThat(written()).endsWith("0\r\n\r\n").doesNotContain("connection: close");
        assertThat(channel.isOpen()).isTrue();
        request();
        assertThat(respond()).contains("connection: close");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void shouldNotTakeAnInterimResponseForTheLast() {
        ConnectionDrain.begin(channel, all -> true);
        request();
        channel.writeOutbound(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE));
        assertThat(written()).startsWith("HTTP/1.1 100").doesNotContain("connection: close");
        assertThat(channel.isOpen()).isTrue();
        assertThat(respond()).contains("connection: close");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void shouldFindTheCodecThatIsAddedAfterTheDrainBegan() {
        channel.pipeline().remove(HttpServerCodec.class);
        ConnectionDrain.begin(channel, all -> true);
        channel.pipeline().addFirst(new HttpServerCodec());
        request();
        assertThat(respond()).contains("connection: close");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void shouldTellOtherProtocolsByAnEvent() {
        ConnectionDrain.begin(channel, all -> true);
        assertThat(drainEvents).isEqualTo(1);
    }

    private void request() {
        channel.writeInbound(Unpooled.copiedBuffer(REQUEST, US_ASCII));
    }

    private String respond() {
        channel.writeOutbound(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK));
        return written();
    }

    private String written() {
        StringBuilder text = new StringBuilder();
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            text.append(part.toString(US_ASCII));
            part.release();
        }
        return text.toString();
    }
}
