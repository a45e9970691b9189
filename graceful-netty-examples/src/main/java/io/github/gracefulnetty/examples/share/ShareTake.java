// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.share;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.gracefulnetty.handoff.DescriptorHandler;
import io.github.gracefulnetty.handoff.ReceivedDescriptor;
import io.github.gracefulnetty.handoff.Receiver;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Takes a copy of everything that is offered, uses each once, and exits. */
@Command(
        name = "take",
        description = "Takes what is offered and uses each once: waits for one request on the listener.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ShareTake implements Callable<Integer> {
    @Option(names = "--path", paramLabel = "PATH", required = true, description = "Where it is offered.")
    private Path path = Path.of("");

    @Override
    @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
    public Integer call() throws Exception {
        List<ReceivedDescriptor> taken = new ArrayList<>();
        EventLoopGroup loops = new EpollEventLoopGroup(1);
        try {
            Receiver.from(path).receiveBlocking(new DescriptorHandler() {
                @Override
                public void states(Map<String, byte[]> states) {
                    states.forEach((name, state) -> print("state (" + name + "): " + new String(state, UTF_8)));
                }

                /** The handoff goes on when this returns, and waits for 10 s at most: so the work is done later. */
                @Override
                public void received(ReceivedDescriptor descriptor, byte[] metadata) {
                    taken.add(descriptor);
                }
            });
            for (ReceivedDescriptor descriptor : taken) {
                Map<String, String> metadata = descriptor.metadataMap();
                print(descriptor + " " + metadata + ": " + use(descriptor, metadata, loops));
            }
            return 0;
        } finally {
            taken.forEach(ReceivedDescriptor::close); // does nothing to those of which something was made
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    /** The kind was verified: it is what the kernel says, not only the sender. */
    private static String use(ReceivedDescriptor descriptor, Map<String, String> metadata, EventLoopGroup loops)
            throws Exception {
        return switch (descriptor.kind()) {
            case FILE, PIPE -> "read " + readRest(descriptor);
            case TCP_CONNECTION -> "wrote " + greet(descriptor, metadata.getOrDefault("user", "stranger"), loops);
            case TCP_LISTENER -> "answered " + answerOne(descriptor, loops);
            default -> "not used";
        };
    }

    /** A file comes with an offset of its own, so every receiver reads the same. */
    private static String readRest(ReceivedDescriptor descriptor) throws IOException {
        try (FileChannel file = descriptor.toFile()) {
            return new String(Channels.newInputStream(file).readAllBytes(), UTF_8)
                    .lines()
                    .toList()
                    .toString();
        }
    }

    /** Closing this copy does not end the connection: the offering process has one, too. */
    private static String greet(ReceivedDescriptor descriptor, String user, EventLoopGroup loops) throws Exception {
        String line =
                "hello " + user + ", this is pid " + ProcessHandle.current().pid();
        Channel connection = descriptor
                .register(new Bootstrap().group(loops).handler(new ChannelInboundHandlerAdapter()))
                .sync()
                .channel();
        connection.writeAndFlush(Unpooled.copiedBuffer(line + "\n", UTF_8)).sync();
        connection.close().sync();
        return line;
    }

    /** Accepts one connection. Others stay in the queue, for whoever has a copy of the listener. */
    private static String answerOne(ReceivedDescriptor descriptor, EventLoopGroup loops) throws Exception {
        CompletableFuture<String> answered = new CompletableFuture<>();
        Channel listener = descriptor
                .bind(new ServerBootstrap()
                        .group(loops)
                        .option(ChannelOption.AUTO_READ, false) // one connection for each read()
                        .childHandler(new AnswerHandler(answered)))
                .sync()
                .channel();
        print("waiting for a request at http:/" + listener.localAddress());
        listener.read();
        String request = answered.get();
        listener.close().sync();
        return request;
    }

    private static void print(String line) {
        System.out.println(line);
    }
}
