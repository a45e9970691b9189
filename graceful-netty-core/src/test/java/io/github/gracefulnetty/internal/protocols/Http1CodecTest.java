// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.CombinedChannelDuplexHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpRequestEncoder;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerCodec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class Http1CodecTest {
    private static @Nullable Http1Codec find(ChannelHandler... handlers) {
        EmbeddedChannel channel = new EmbeddedChannel();
        for (int i = 0; i < handlers.length; i++) {
            channel.pipeline().addLast("h" + i, handlers[i]);
        }
        Http1Codec found = Http1Codec.in(channel.pipeline());
        channel.finishAndReleaseAll();
        return found;
    }

    private static ChannelHandler other() {
        return new ChannelInboundHandlerAdapter();
    }

    private static class Combined extends CombinedChannelDuplexHandler<HttpRequestDecoder, HttpResponseEncoder> {
        Combined() {
            super(new HttpRequestDecoder(), new HttpResponseEncoder());
        }
    }

    private static final class Derived extends Combined {}

    private static final class OfAClient extends CombinedChannelDuplexHandler<HttpResponseDecoder, HttpRequestEncoder> {
        OfAClient() {
            super(new HttpResponseDecoder(), new HttpRequestEncoder());
        }
    }

    @Test
    void shouldFindOneOfEachMake() {
        assertThat(find(other(), new HttpServerCodec(), other())).isEqualTo(new Http1Codec("h1", "h1", true, true));
        assertThat(find(new Combined())).isEqualTo(new Http1Codec("h0", "h0", false, true));
        assertThat(find(new Derived())).isEqualTo(new Http1Codec("h0", "h0", false, true));
        assertThat(find(new HttpRequestDecoder(), new HttpResponseEncoder()))
                .isEqualTo(new Http1Codec("h0", "h1", true, true));
        assertThat(find(new HttpResponseEncoder(), new HttpRequestDecoder()))
                .isEqualTo(new Http1Codec("h1", "h1", true, true));
    }

    @Test
    void shouldSayWhetherItIsAlone() {
        assertThat(find(new HttpRequestDecoder(), other(), new HttpResponseEncoder()))
                .isEqualTo(new Http1Codec("h0", "h2", true, false));
        assertThat(find(new HttpServerCodec(), new HttpServerCodec()))
                .isEqualTo(new Http1Codec("h1", "h1", true, false));
    }

    @Test
    void shouldFindNone() {
        assertThat(find()).isNull();
        assertThat(find(other(), new HttpRequestDecoder())).isNull();
        assertThat(find(new HttpResponseEncoder())).isNull();
        assertThat(find(new HttpClientCodec())).isNull();
        assertThat(find(new OfAClient())).isNull();
    }
}
