// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.connection.ConnectionEnds;
import io.github.gracefulnetty.internal.connections.ConnectionTracker;
import io.github.gracefulnetty.internal.connections.Ledger;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WebSocketDrainTest {
    private final EmbeddedChannel server = new EmbeddedChannel();
    private final EmbeddedChannel client =
            new EmbeddedChannel(new WebSocket13FrameDecoder(false, true, 1 << 16), new WebSocket13FrameEncoder(true));
    private final List<Object> atClient = new ArrayList<>();

    @AfterEach
    void close() {
        server.finishAndReleaseAll();
        client.finishAndReleaseAll();
        atClient.forEach(ReferenceCountUtil::release);
    }

    private void speakWebSocket(EmbeddedChannel channel) {
        channel.pipeline()
                .addLast(
                        new WebSocket13FrameDecoder(
                                WebSocketDecoderConfig.newBuilder().build()),
                        new WebSocket13FrameEncoder(false));
    }

    /** Moves what each side has written until nothing is left. */
    private void exchange() {
        for (boolean moved = true; moved; ) {
            moved = false;
            for (Object out; (out = server.readOutbound()) != null; moved = true) {
                client.writeInbound(out);
            }
            for (Object in; (in = client.readInbound()) != null; ) {
                atClient.add(in);
            }
            for (Object out; (out = client.readOutbound()) != null; moved = true) {
                if (server.isOpen()) {
                    server.writeInbound(out);
                } else {
                    ReferenceCountUtil.release(out);
                }
            }
        }
    }

    private CloseWebSocketFrame onlyFrame() {
        exchange();
        assertThat(atClient).singleElement().isInstanceOf(CloseWebSocketFrame.class);
        return (CloseWebSocketFrame) atClient.get(0);
    }

    @Test
    void shouldSayServiceRestartAndCloseWhenTheClientHasAnswered() {
        ConnectionTracker connections = new ConnectionTracker();
        connections.track(server);
        Ledger ledger = connections.count();
        speakWebSocket(server);
        Protocols.end(server, all -> true);
        assertThat(onlyFrame().statusCode()).isEqualTo(1012);
        assertThat(server.isOpen()).isTrue();
        client.writeOutbound(new CloseWebSocketFrame(1012, ""));
        exchange();
        assertThat(server.isOpen()).isFalse();
        CloseWebSocketFrame answer = server.readInbound();
        assertThat(answer.statusCode()).as("the application sees it, too").isEqualTo(1012);
        assertThat(ledger.ends()).isEqualTo(Map.of("websocket", new ConnectionEnds(0, 1, 0, 0, 0)));
        answer.release();
    }

    @Test
    void shouldHearTheAnswerWhereTheEncoderComesFirst() {
        server.pipeline()
                .addLast(
                        new WebSocket13FrameEncoder(false), // as where it takes the place of an HttpServerCodec
                        new WebSocket13FrameDecoder(
                                WebSocketDecoderConfig.newBuilder().build()));
        Protocols.end(server, all -> true);
        assertThat(onlyFrame().statusCode()).isEqualTo(1012);
        client.writeOutbound(new CloseWebSocketFrame(1012, ""));
        exchange();
        assertThat(server.isOpen()).isFalse();
        server.releaseInbound();
    }

    @Test
    void shouldDeliverWhatTheClientSentBeforeItsCloseFrame() {
        speakWebSocket(server);
        Protocols.end(server, all -> true);
        client.writeOutbound(new TextWebSocketFrame("late"), new CloseWebSocketFrame(1012, ""));
        exchange();
        TextWebSocketFrame text = server.readInbound();
        assertThat(text.text()).isEqualTo("late");
        text.release();
        ReferenceCountUtil.release(server.readInbound());
        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void shouldSendNothingAfterItsCloseFrame() {
        speakWebSocket(server);
        Protocols.end(server, all -> true);
        assertThat(server.writeOneOutbound(new TextWebSocketFrame("too late")).isSuccess())
                .isFalse();
        assertThat(server.writeOneOutbound(new CloseWebSocketFrame(1000, "")).isSuccess())
                .as("it was said")
                .isTrue();
        server.flushOutbound();
        assertThat(onlyFrame().statusCode()).isEqualTo(1012);
    }

    @Test
    void shouldCloseWithoutAnAnswerAfterSomeSeconds() {
        speakWebSocket(server);
        Protocols.end(server, all -> true);
        server.advanceTimeBy(4, TimeUnit.SECONDS);
        server.runScheduledPendingTasks();
        assertThat(server.isOpen()).isTrue();
        server.advanceTimeBy(2, TimeUnit.SECONDS);
        server.runScheduledPendingTasks();
        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void shouldFindAWebSocketThatIsOpenedDuringTheDrain() {
        server.pipeline().addLast(new HttpServerCodec());
        Protocols.end(server, all -> true);
        server.writeInbound(Unpooled.copiedBuffer("GET / HTTP/1.1\r\n\r\n", StandardCharsets.US_ASCII));
        server.writeOutbound(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.SWITCHING_PROTOCOLS));
        server.releaseInbound();
        server.releaseOutbound();
        server.pipeline().remove(HttpServerCodec.class);
        speakWebSocket(server);
        client.writeOutbound(new TextWebSocketFrame("first"));
        assertThat(onlyFrame().statusCode()).isEqualTo(1012);
    }
}
