// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.connection.DrainEvent;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.CombinedChannelDuplexHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.ReadOnlyHttpHeaders;
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
        Protocols.end(channel, all -> true);
        assertThat(DrainEvent.hasBegun(channel)).isTrue();
        assertThat(drainEvents).isEqualTo(1);
    }

    @Test
    void shouldAnswerTheRequestInFlightWithConnectionCloseAndThenClose() {
        request();
        Protocols.end(channel, all -> true);
        assertThat(channel.isOpen()).isTrue();
        assertThat(respond()).contains("connection: close");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void shouldLeaveAnIdleConnectionOpenUntilItsNextRequestIsAnswered() {
        request();
        assertThat(respond()).doesNotContain("connection");
        Protocols.end(channel, all -> true);
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
        Protocols.end(channel, all -> true);
        channel.writeOutbound(LastHttpContent.EMPTY_LAST_CONTENT);
        assertThat(written()).endsWith("0\r\n\r\n").doesNotContain("connection: close");
        assertThat(channel.isOpen()).isTrue();
        request();
        assertThat(respond()).contains("connection: close");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void shouldNotTakeAnInterimResponseForTheLast() {
        Protocols.end(channel, all -> true);
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
        Protocols.end(channel, all -> true);
        channel.pipeline().addFirst(new HttpServerCodec());
        request();
        assertThat(respond()).contains("connection: close");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void shouldTellOtherProtocolsByAnEvent() {
        Protocols.end(channel, all -> true);
        assertThat(drainEvents).isEqualTo(1);
    }

    /** The application may have made them unchangeable. */
    @Test
    void shouldNotChangeTheHeadersOfTheApplication() {
        HttpHeaders headers = new ReadOnlyHttpHeaders(true, "content-length", "2", "x-own", "kept");
        ByteBuf body = Unpooled.copiedBuffer("ok", US_ASCII);
        request();
        Protocols.end(channel, all -> true);
        channel.writeOutbound(new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.OK, body, headers, EmptyHttpHeaders.INSTANCE));
        assertThat(written())
                .contains("connection: close")
                .contains("x-own: kept")
                .endsWith("\r\n\r\nok");
        assertThat(channel.isOpen()).isFalse();
        assertThat(body.refCnt()).isZero();
        assertThat(headers.contains("connection")).isFalse();
    }

    /** It may use them for other connections, and for later ones. */
    @Test
    void shouldNotChangeHeadersThatAreShared() {
        HttpHeaders headers = new DefaultHttpHeaders().set("content-length", "0");
        request();
        Protocols.end(channel, all -> true);
        channel.writeOutbound(new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, headers));
        channel.writeOutbound(LastHttpContent.EMPTY_LAST_CONTENT);
        assertThat(written()).contains("connection: close");
        assertThat(headers.names()).containsExactly("content-length");
    }

    @Test
    void shouldSendTheContentOfAResponseThatBringsItsFirstPart() {
        request();
        Protocols.end(channel, all -> true);
        ByteBuf part = Unpooled.copiedBuffer("ab", US_ASCII);
        channel.writeOutbound(new WithContent(part), LastHttpContent.EMPTY_LAST_CONTENT);
        assertThat(written()).contains("connection: close").contains("\r\n\r\n2\r\nab\r\n0\r\n\r\n");
        assertThat(part.refCnt()).isZero();
        assertThat(channel.isOpen()).isFalse();
    }

    /** As frameworks have them. */
    private static final class WithContent extends DefaultHttpResponse implements HttpContent {
        private final DefaultHttpContent content;

        WithContent(ByteBuf part) {
            super(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
            headers().set("transfer-encoding", "chunked");
            content = new DefaultHttpContent(part);
        }

        @Override
        public ByteBuf content() {
            return content.content();
        }

        @Override
        public HttpContent copy() {
            return content.copy();
        }

        @Override
        public HttpContent duplicate() {
            return content.duplicate();
        }

        @Override
        public HttpContent retainedDuplicate() {
            return content.retainedDuplicate();
        }

        @Override
        public HttpContent replace(ByteBuf other) {
            return content.replace(other);
        }

        @Override
        public int refCnt() {
            return content.refCnt();
        }

        @Override
        public HttpContent retain() {
            content.retain();
            return this;
        }

        @Override
        public HttpContent retain(int increment) {
            content.retain(increment);
            return this;
        }

        @Override
        public HttpContent touch() {
            return this;
        }

        @Override
        public HttpContent touch(Object hint) {
            return this;
        }

        @Override
        public boolean release() {
            return content.release();
        }

        @Override
        public boolean release(int decrement) {
            return content.release(decrement);
        }
    }

    /** RFC 9112, 9.6: who was told that the connection closes may repeat it on another one. */
    @Test
    void shouldNotExecuteARequestThatComesAfterTheCloseWasAnnounced() {
        request();
        Protocols.end(channel, all -> true);
        DefaultHttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        head.headers().set("transfer-encoding", "chunked");
        channel.writeOutbound(head);
        assertThat(written()).contains("connection: close");
        request();
        assertThat(requests).isEqualTo(1);
        assertThat(channel.isOpen()).isTrue();
        channel.writeOutbound(LastHttpContent.EMPTY_LAST_CONTENT);
        assertThat(written()).endsWith("0\r\n\r\n");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void shouldReadTheRestOfARequestWhoseAnswerAnnouncedTheClose() {
        channel.writeInbound(Unpooled.copiedBuffer("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\na", US_ASCII));
        Protocols.end(channel, all -> true);
        DefaultHttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        head.headers().set("transfer-encoding", "chunked");
        channel.writeOutbound(head);
        assertThat(requests).isZero();
        channel.writeInbound(Unpooled.copiedBuffer("b" + REQUEST, US_ASCII));
        assertThat(requests).isEqualTo(1);
    }

    /** As Armeria has one. */
    private static final class OwnCodec extends CombinedChannelDuplexHandler<HttpRequestDecoder, HttpResponseEncoder> {
        OwnCodec() {
            super(new HttpRequestDecoder(), new HttpResponseEncoder());
        }
    }

    @Test
    void shouldKnowACodecThatCombinesTheTwoParts() {
        channel.pipeline().replace(HttpServerCodec.class, "own", new OwnCodec());
        assertThat(Protocols.of(channel).name()).isEqualTo("http/1.1");
        request();
        Protocols.end(channel, all -> true);
        assertThat(respond()).contains("connection: close");
        assertThat(channel.isOpen()).isFalse();
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
