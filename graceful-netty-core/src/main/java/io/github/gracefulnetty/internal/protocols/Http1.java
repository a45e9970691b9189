// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.ChannelPipeline;
import java.util.function.Consumer;

/** HTTP/1.1: see {@link Http1Drain} for how it ends, {@link HttpExchanges} for what is known of its exchanges. */
final class Http1 implements Protocol {
    private final Consumer<ChannelPipeline> switched;

    /** @param switched gets a pipeline that is to end when HTTP/1.1 ends on it */
    Http1(Consumer<ChannelPipeline> switched) {
        this.switched = switched;
    }

    @Override
    public String name() {
        return HttpExchanges.HTTP_1;
    }

    /** There is a codec of a server, and it has not given way to another protocol. */
    @Override
    public boolean isSpokenIn(ChannelPipeline pipeline) {
        HttpExchanges exchanges = pipeline.get(HttpExchanges.class);
        return exchanges == null ? Http1Codec.in(pipeline) != null : !exchanges.isHttpOver();
    }

    @Override
    public boolean isIdleSinceTold(ChannelPipeline pipeline) {
        Http1Drain drain = Http1Drain.of(pipeline);
        return drain != null && drain.isIdleSinceTold();
    }

    @Override
    public boolean end(ChannelPipeline pipeline) {
        return Http1Drain.install(pipeline, switched);
    }
}
