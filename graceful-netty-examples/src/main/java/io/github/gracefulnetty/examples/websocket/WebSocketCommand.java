// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.websocket;

import io.github.gracefulnetty.examples.ListenerOptions;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The {@code websocket} example: a page with a counter that goes on while processes come and go. */
@Command(
        name = "websocket",
        description =
                "A page whose counter runs through upgrades, over one WebSocket. HUP, or a second copy, replaces it.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class WebSocketCommand implements Callable<Integer> {
    @Mixin
    private ListenerOptions options = new ListenerOptions();

    @Option(names = "--period", paramLabel = "TIME", defaultValue = "100ms", description = "${DEFAULT-VALUE}")
    private Duration period = Duration.ZERO;

    @Override
    public Integer call() throws Exception {
        byte[] page = page();
        return options.serve((graceful, loops) -> new ChannelInitializer<SocketChannel>() {
            @Override
            protected void initChannel(SocketChannel channel) {
                channel.pipeline()
                        .addLast(new HttpServerCodec(), new HttpObjectAggregator(1 << 16))
                        .addLast(new WebSocketServerProtocolHandler("/counter"))
                        .addLast(new CounterHandler(graceful.generation(), period), new CounterPage(page));
            }
        });
    }

    private static byte[] page() throws IOException {
        try (InputStream in = Objects.requireNonNull(WebSocketCommand.class.getResourceAsStream("counter.html"))) {
            return in.readAllBytes();
        }
    }
}
