// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.restart;

import io.github.gracefulnetty.examples.http.HttpInitializer;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What {@link MigratingServer} is compared with, in the same words: {@code <path> <port> <generation>}. The same server and
 * the same connections in plain Netty, whose descriptors are sent as they are. Nobody looks whether a connection is idle,
 * checks what came, keeps a copy until it has arrived, or serves if it does not: the least that moving one can cost.
 */
final class BareMover {
    private final Map<EventLoop, List<Channel>> connections = new ConcurrentHashMap<>();
    private final EventLoopGroup boss;
    private final EventLoopGroup workers;
    private final int loops;
    private final AtomicInteger moved = new AtomicInteger();
    private final Queue<Channel> over = new ConcurrentLinkedQueue<>();
    private final AtomicInteger lanesOver = new AtomicInteger();
    private volatile long begun;

    @SuppressWarnings("deprecation") // the group of both Netty lines
    private BareMover() {
        boss = new EpollEventLoopGroup(1);
        EpollEventLoopGroup group = new EpollEventLoopGroup();
        workers = group;
        loops = group.executorCount();
    }

    @SuppressWarnings("SystemOut") // the bench reads what is written
    public static void main(String... arguments) throws Exception {
        Path path = Path.of(arguments[0]);
        int port = Integer.parseInt(arguments[1]);
        int generation = Integer.parseInt(arguments[2]);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        while (MigratingServer.SERVE.equals(input.readLine())) {
            BareMover mover = new BareMover();
            if (Files.exists(path)) {
                mover.receive(path, generation);
            } else {
                mover.listen(port, generation);
            }
            mover.offer(path);
            System.out.println(MigratingServer.READY + generation);
            generation += 2; // between two processes that take turns
        }
        System.exit(0);
    }

    private void listen(int port, int generation) throws InterruptedException {
        HttpInitializer initializer = new HttpInitializer(generation);
        new ServerBootstrap()
                .group(boss, workers)
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, MigratingServer.BACKLOG)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(initializer);
                        connections
                                .computeIfAbsent(channel.eventLoop(), loop -> new ArrayList<>())
                                .add(channel);
                    }
                })
                .bind("127.0.0.1", port)
                .sync();
    }

    /** A lane for each event loop, on which descriptors come. */
    private void receive(Path path, int generation) throws Exception {
        HttpInitializer initializer = new HttpInitializer(generation);
        List<Channel> opened = new ArrayList<>();
        for (int i = 0; i < loops; i++) {
            Bootstrap lane = new Bootstrap()
                    .group(workers)
                    .channel(EpollDomainSocketChannel.class)
                    .option(EpollChannelOption.DOMAIN_SOCKET_READ_MODE, DomainSocketReadMode.FILE_DESCRIPTORS)
                    .handler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(new Receiver(initializer));
                        }
                    });
            opened.add(
                    lane.connect(new DomainSocketAddress(path.toFile())).sync().channel());
        }
        for (Channel lane : opened) {
            lane.closeFuture().sync();
        }
    }

    /** Each of the successor's lanes is for another event loop. */
    private void offer(Path path) throws Exception {
        new ServerBootstrap()
                .group(boss, workers)
                .channel(EpollServerDomainSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel lane) {
                        if (begun == 0) {
                            begun = System.nanoTime();
                        }
                        lane.pipeline().addLast(new Sender());
                    }
                })
                .bind(new DomainSocketAddress(path.toFile()))
                .sync();
    }

    @SuppressWarnings("SystemOut") // the bench reads what is written
    private void over(Channel lane) {
        over.add(lane);
        if (lanesOver.incrementAndGet() == loops) {
            // Netty removes the path with the listener: it has to be gone when the successor makes its own.
            lane.parent().close().addListener(unbound -> {
                over.forEach(Channel::close);
                System.out.println(MigratingServer.MOVED + moved + " " + (System.nanoTime() - begun));
                boss.shutdownGracefully(0, 1, TimeUnit.SECONDS);
                workers.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            });
        }
    }

    /** At the successor's end of a lane. Says how many have come, a byte for each: Netty reads no more after a hang-up. */
    private final class Receiver extends ChannelInboundHandlerAdapter {
        private final ChannelHandler initializer;
        private int come;

        Receiver(ChannelHandler initializer) {
            this.initializer = initializer;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            Channel channel = new EpollSocketChannel(((FileDescriptor) message).intValue());
            channel.pipeline().addLast(initializer);
            EventLoop loop = context.channel().eventLoop();
            loop.register(channel);
            connections.computeIfAbsent(loop, key -> new ArrayList<>()).add(channel);
            come++;
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.writeAndFlush(context.alloc().buffer().writeZero(come));
            come = 0;
        }
    }

    /** At the predecessor's end: sends what the socket has room for, and more whenever some have come. */
    private final class Sender extends ChannelInboundHandlerAdapter {
        private List<Channel> own = List.of();
        private int sent;
        private int come;

        @Override
        public void channelActive(ChannelHandlerContext context) throws IOException {
            own = connections.getOrDefault(context.channel().eventLoop(), List.of());
            send(context.channel());
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) throws IOException {
            ByteBuf bytes = (ByteBuf) message;
            come += bytes.readableBytes();
            bytes.release();
            send(context.channel());
        }

        private void send(Channel lane) throws IOException {
            Socket socket = (Socket) ((EpollDomainSocketChannel) lane).fd();
            while (sent < own.size()) {
                Channel connection = own.get(sent);
                connection.deregister();
                if (socket.sendFd(((EpollSocketChannel) connection).fd().intValue()) <= 0) {
                    break; // full: it stays as it is, nothing comes on it
                }
                connection.close();
                sent++;
                moved.incrementAndGet();
            }
            if (come == own.size()) {
                over(lane);
            }
        }
    }
}
