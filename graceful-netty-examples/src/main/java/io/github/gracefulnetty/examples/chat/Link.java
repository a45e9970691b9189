// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.chat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.gracefulnetty.examples.chat.Hub.Saying;
import io.github.gracefulnetty.examples.chat.Room.Message;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketChannel;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.handler.codec.string.StringEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The unix connection between a process and its predecessor, in lines: {@code SAY id room text} to the older one,
 * {@code SAID id room number text} to the younger one. It lasts as long as both processes do.
 */
final class Link extends SimpleChannelInboundHandler<String> implements Hub.Peer {
    private static final int MAX_LINE = 4096;
    private static final String COMPLETE = "COMPLETE";

    private final Hub hub;
    private final boolean toOlder;
    private final CompletableFuture<Void> complete = new CompletableFuture<>();
    private final Channel channel;

    private Link(Hub hub, boolean toOlder, Channel channel) {
        this.hub = hub;
        this.toOlder = toOlder;
        this.channel = channel;
    }

    /**
     * Waits for a younger process.
     *
     * @return where
     */
    static String listen(Hub hub, EventLoopGroup loops) throws InterruptedException {
        String name = "graceful-netty-chat-" + UUID.randomUUID();
        new ServerBootstrap()
                .group(loops)
                .channel(EpollServerDomainSocketChannel.class)
                .childHandler(initializer(hub, false))
                .bind(new DomainSocketAddress("\0" + name))
                .sync();
        return name;
    }

    /** Connects to the older process, and waits until it has told all that it knows. */
    static void connect(Hub hub, EventLoopGroup loops, String name) throws Exception {
        Channel connection = new Bootstrap()
                .group(loops)
                .channel(EpollDomainSocketChannel.class)
                .handler(initializer(hub, true))
                .connect(new DomainSocketAddress("\0" + name))
                .sync()
                .channel();
        connection.pipeline().get(Link.class).complete.get(10, TimeUnit.SECONDS);
    }

    private static ChannelInitializer<DomainSocketChannel> initializer(Hub hub, boolean toOlder) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(DomainSocketChannel channel) {
                channel.pipeline()
                        .addLast(new LineBasedFrameDecoder(MAX_LINE), new StringDecoder(UTF_8))
                        .addLast(new StringEncoder(UTF_8), new Link(hub, toOlder, channel));
            }
        };
    }

    @Override
    public void channelActive(ChannelHandlerContext context) throws Exception {
        // Anybody may connect to a name in the abstract namespace.
        Object self = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        if (!self.equals(((EpollDomainSocketChannel) channel).peerCredentials().uid())) {
            context.close();
        } else if (toOlder) {
            hub.follow(this);
        } else {
            hub.add(this);
            send(COMPLETE);
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, String line) {
        String[] words = line.split(" ", toOlder ? 5 : 4);
        if (words[0].equals(COMPLETE)) {
            complete.complete(null);
        } else if (toOlder) {
            hub.number(words[1], words[2], new Message(Long.parseLong(words[3]), words[4]));
        } else {
            hub.submit(new Saying(words[1], words[2], words[3]));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (toOlder) {
            complete.completeExceptionally(new IllegalStateException("the older process has ended"));
            hub.lead();
        } else {
            hub.remove(this);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }

    @Override
    public void say(Saying saying) {
        send("SAY " + saying.id() + " " + saying.room() + " " + saying.text());
    }

    @Override
    public void said(String id, String room, Message message) {
        send("SAID " + id + " " + room + " " + message.number() + " " + message.text());
    }

    /** The younger one has got all that was said. */
    @Override
    public void end() throws InterruptedException {
        channel.eventLoop()
                .execute(() -> channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE));
        channel.closeFuture().await(10, TimeUnit.SECONDS);
    }

    /** As a task even on its own loop: otherwise it would overtake what other threads have sent. */
    private void send(String line) {
        channel.eventLoop().execute(() -> channel.writeAndFlush(line + "\n"));
    }
}
