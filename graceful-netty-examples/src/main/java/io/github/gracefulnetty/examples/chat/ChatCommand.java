// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.chat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.examples.ListenerOptions;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.handler.codec.string.StringEncoder;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The {@code chat} example: users keep their name and their room while processes come and go. */
@Command(
        name = "chat",
        description = "A chat in lines, for nc or telnet. HUP, or a second copy with the same --handoff, replaces it.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class ChatCommand implements Callable<Integer>, ListenerOptions.Server {
    private static final String LINK = "chat-link";
    private static final int MAX_LINE = 1000;

    @Mixin
    private ListenerOptions options = new ListenerOptions();

    private final Hub hub = new Hub();

    @Override
    public Integer call() throws Exception {
        return options.serve(this);
    }

    @Override
    public ChannelHandler connections(Graceful graceful, EventLoopGroup loops) throws Exception {
        Optional<byte[]> predecessor = graceful.inheritedState(LINK);
        if (predecessor.isPresent()) {
            Link.connect(hub, loops, new String(predecessor.get(), UTF_8));
        }
        byte[] here = Link.listen(hub, loops).getBytes(UTF_8);
        graceful.handOverState(LINK, () -> here);
        return new ChannelInitializer<SocketChannel>() {
            @Override
            protected void initChannel(SocketChannel channel) {
                channel.pipeline()
                        .addLast(new LineBasedFrameDecoder(MAX_LINE), new StringDecoder(UTF_8))
                        .addLast(new StringEncoder(UTF_8), new ChatHandler(hub));
            }
        };
    }

    @Override
    public void end() throws InterruptedException {
        hub.end();
    }
}
