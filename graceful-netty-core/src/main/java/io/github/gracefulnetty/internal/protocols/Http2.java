// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.Http2ConnectionHandler;

/** HTTP/2: see {@link Http2Drain} for how it ends. */
final class Http2 implements Protocol {
    @Override
    public String name() {
        return "http/2";
    }

    @Override
    public boolean isSpokenIn(ChannelPipeline pipeline) {
        return pipeline.get(Http2ConnectionHandler.class) != null;
    }

    @Override
    public boolean isIdleSinceTold(ChannelPipeline pipeline) {
        Http2ConnectionHandler handler = pipeline.get(Http2ConnectionHandler.class);
        return handler != null && Http2Drain.isIdleSinceTold(handler);
    }

    @Override
    public boolean end(ChannelPipeline pipeline) {
        return Http2Drain.install(pipeline);
    }

    /** It would wait for the streams. */
    @Override
    public void cut(ChannelPipeline pipeline) {
        Http2ConnectionHandler handler = pipeline.get(Http2ConnectionHandler.class);
        if (handler != null) {
            handler.gracefulShutdownTimeoutMillis(0);
        }
    }
}
