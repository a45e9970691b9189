// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http.HttpServerCodec;

/** An HTTP/1.1 pipeline. Nothing in it knows of upgrades. */
public final class HttpInitializer extends ChannelInitializer<Channel> {
    private final byte[] answer;

    /** @param generation who answers */
    public HttpInitializer(int generation) {
        answer = WhoHandler.body(generation);
    }

    @Override
    protected void initChannel(Channel channel) {
        channel.pipeline().addLast(new HttpServerCodec(), new WhoHandler(answer));
    }
}
