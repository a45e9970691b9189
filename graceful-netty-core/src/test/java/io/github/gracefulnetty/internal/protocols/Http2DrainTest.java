// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.connection.ConnectionEnds;
import io.github.gracefulnetty.internal.connections.ConnectionTracker;
import io.github.gracefulnetty.internal.connections.Ledger;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2EventAdapter;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class Http2DrainTest {
    private final List<Http2FrameStream> requests = new ArrayList<>();
    private final List<String> atClient = new ArrayList<>();
    private final Http2FrameCodec serverCodec =
            Http2FrameCodecBuilder.forServer().build();
    private final Http2ConnectionHandler clientHandler = new Http2ConnectionHandlerBuilder()
            .server(false)
            .frameListener(new Noting())
            .build();
    private final EmbeddedChannel server = new EmbeddedChannel(serverCodec, new ChannelInboundHandlerAdapter() {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof Http2HeadersFrame headers) {
                requests.add(headers.stream());
            }
            if (message instanceof Http2DataFrame data && data.isEndStream()) {
                context.write(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("201"), true)
                        .stream(data.stream()));
            }
            ReferenceCountUtil.release(message);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }
    });
    private final EmbeddedChannel client = new EmbeddedChannel(clientHandler);
    private final ConnectionTracker connections = new ConnectionTracker();
    private int lastStream = 1;

    @BeforeEach
    void connect() {
        exchange();
    }

    @AfterEach
    void close() {
        server.finishAndReleaseAll();
        client.finishAndReleaseAll();
    }

    private boolean toClient() {
        boolean moved = false;
        for (Object out; (out = server.readOutbound()) != null; moved = true) {
            client.writeInbound(out);
        }
        return moved;
    }

    private boolean toServer() {
        boolean moved = false;
        for (Object out; (out = client.readOutbound()) != null; moved = true) {
            if (server.isOpen()) {
                server.writeInbound(out);
            } else {
                ReferenceCountUtil.release(out);
            }
        }
        return moved;
    }

    private void exchange() {
        boolean moved = true;
        while (moved) {
            boolean asked = toServer();
            moved = toClient() || asked;
        }
    }

    /** What the client hears. */
    private final class Noting extends Http2EventAdapter {
        @Override
        public void onGoAwayRead(ChannelHandlerContext context, int lastStreamId, long errorCode, ByteBuf why) {
            atClient.add("GOAWAY " + lastStreamId);
        }

        @Override
        public void onPingRead(ChannelHandlerContext context, long data) {
            atClient.add("PING");
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext context,
                int stream,
                Http2Headers headers,
                int dependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean end) {
            atClient.add("HEADERS " + stream);
        }
    }

    private void request() {
        request("GET", true);
    }

    private void request(String method, boolean end) {
        lastStream += 2;
        ChannelHandlerContext context = client.pipeline().context(clientHandler);
        clientHandler
                .encoder()
                .writeHeaders(
                        context,
                        lastStream,
                        new DefaultHttp2Headers().method(method).path("/").scheme("http"),
                        0,
                        end,
                        context.newPromise());
        context.flush();
        toServer();
    }

    private void respond(int request) {
        server.writeOutbound(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("200"), true)
                .stream(requests.get(request)));
        exchange();
    }

    @Test
    void shouldCloseAnIdleConnectionOnlyWhenThePingHasComeBack() {
        connections.track(server);
        Ledger ledger = connections.count();
        Protocols.end(server, all -> true);
        toClient();
        assertThat(atClient).containsExactly("GOAWAY 2147483647", "PING");
        assertThat(server.isOpen()).isTrue();
        exchange();
        assertThat(atClient).endsWith("GOAWAY 0");
        assertThat(server.isOpen()).isFalse();
        assertThat(ledger.ends()).isEqualTo(Map.of("http/2", new ConnectionEnds(0, 0, 1, 0, 0)));
    }

    @Test
    void shouldTakeARequestThatCrossesTheFirstGoAway() {
        connections.track(server);
        Ledger ledger = connections.count();
        Protocols.end(server, all -> true);
        request();
        assertThat(requests).hasSize(1);
        exchange();
        assertThat(atClient).endsWith("GOAWAY 3");
        assertThat(server.isOpen()).isTrue();
        respond(0);
        assertThat(atClient).endsWith("HEADERS 3");
        assertThat(server.isOpen()).isFalse();
        assertThat(ledger.ends()).isEqualTo(Map.of("http/2", new ConnectionEnds(0, 1, 0, 0, 0)));
    }

    @Test
    void shouldLetStreamsFinish() {
        request();
        request();
        Protocols.end(server, all -> true);
        exchange();
        respond(1);
        assertThat(server.isOpen()).isTrue();
        respond(0);
        assertThat(server.isOpen()).isFalse();
        assertThat(atClient).contains("HEADERS 3", "HEADERS 5");
    }

    /** The connection's last stream ends when its request does, and the answer is not flushed yet. */
    @Test
    void shouldSendTheAnswerThatIsWrittenWhenTheLastRequestEnds() {
        request("POST", false);
        Protocols.end(server, all -> true);
        exchange();
        ChannelHandlerContext context = client.pipeline().context(clientHandler);
        clientHandler
                .encoder()
                .writeData(context, lastStream, Unpooled.copiedBuffer("end", UTF_8), 0, true, context.newPromise());
        clientHandler.flush(context);
        exchange();
        assertThat(atClient).endsWith("HEADERS 3");
        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void shouldNotWaitForeverForAPingThatDoesNotComeBack() {
        Protocols.end(server, all -> true);
        server.advanceTimeBy(9, TimeUnit.SECONDS);
        server.runScheduledPendingTasks();
        assertThat(server.isOpen()).isTrue();
        server.advanceTimeBy(2, TimeUnit.SECONDS);
        server.runScheduledPendingTasks();
        assertThat(server.isOpen()).isFalse();
    }
}
