// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.websocketx.WebSocketFrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketFrameEncoder;

/** WebSocket: see {@link WebSocketDrain} for how it ends, {@link WebSocketFrames} for what is known of its messages. */
final class WebSocket implements Protocol {
    @Override
    public String name() {
        return HttpExchanges.WEB_SOCKET;
    }

    @Override
    public boolean isSpokenIn(ChannelPipeline pipeline) {
        return pipeline.get(WebSocketFrameDecoder.class) != null && pipeline.get(WebSocketFrameEncoder.class) != null;
    }

    @Override
    public boolean end(ChannelPipeline pipeline) {
        return WebSocketDrain.install(pipeline);
    }
}
