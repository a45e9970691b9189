// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.handler.codec.string.StringEncoder;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Users of the chat who talk all the time, and check the number of everything that they hear. They never reconnect. */
@SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
final class ChatUsers implements AutoCloseable {
    private static final long PAUSE_MILLIS = 5;

    private final EventLoopGroup loop = new NioEventLoopGroup(1);
    private final List<User> users = new ArrayList<>();
    private final Queue<String> mistakes = new ConcurrentLinkedQueue<>();
    private int turn;
    private boolean silent;

    ChatUsers(InetSocketAddress address, int count, int rooms) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            User user = new User("user" + i, "room" + i % rooms);
            Channel channel = new Bootstrap()
                    .group(loop)
                    .channel(NioSocketChannel.class)
                    .handler(new ChannelInitializer<SocketChannel>() {
                        @Override
                        protected void initChannel(SocketChannel channel) {
                            channel.pipeline()
                                    .addLast(new LineBasedFrameDecoder(1000), new StringDecoder(US_ASCII))
                                    .addLast(new StringEncoder(US_ASCII), user);
                        }
                    })
                    .connect(address)
                    .sync()
                    .channel();
            channel.writeAndFlush("/nick " + user.name + "\n/join " + user.room + "\n");
            users.add(user);
        }
        Await.until("all in their rooms", () -> users.stream().allMatch(user -> user.last > 0));
        loop.scheduleAtFixedRate(this::talk, PAUSE_MILLIS, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void talk() {
        if (!silent) {
            users.get(turn++ % users.size()).talk();
        }
    }

    /** Waits until everybody has heard something more. */
    void awaitTalk() {
        List<Long> before = users.stream().map(user -> user.last).toList();
        Await.until("talk", () -> {
            boolean more = true;
            for (int i = 0; i < before.size(); i++) {
                more &= users.get(i).last > before.get(i);
            }
            return more || !mistakes.isEmpty();
        });
    }

    /** Silence, when everything that was said has been heard by all in that room. */
    void awaitSilence() {
        loop.submit(() -> silent = true).syncUninterruptibly();
        Await.until(
                "everything was heard",
                () -> users.stream()
                        .allMatch(user -> user.heardOfMine == user.said.get()
                                && users.stream()
                                        .allMatch(other -> !other.room.equals(user.room) || other.last == user.last)));
    }

    /** Numbers that were missing or came again, what was lost, and connections that ended. */
    List<String> mistakes() {
        return List.copyOf(mistakes);
    }

    long said() {
        return users.stream().mapToLong(user -> user.said.get()).sum();
    }

    long heard() {
        return users.stream().mapToLong(user -> user.heard.get()).sum();
    }

    @Override
    public void close() {
        loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private final class User extends SimpleChannelInboundHandler<String> {
        private final String name;
        private final String room;
        private final String mine;
        private volatile long last;
        private final AtomicLong said = new AtomicLong();
        private volatile long heardOfMine;
        private final AtomicLong heard = new AtomicLong();
        private volatile ChannelHandlerContext context;

        User(String name, String room) {
            this.name = name;
            this.room = room;
            this.mine = name + ": number ";
        }

        @Override
        public void channelActive(ChannelHandlerContext active) {
            context = active;
        }

        void talk() {
            context.writeAndFlush("number " + said.incrementAndGet() + "\n");
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, String line) {
            if (line.startsWith("* ")) {
                return;
            }
            String[] words = line.split(" ", 3);
            long number = Long.parseLong(words[1]);
            heard.incrementAndGet();
            if (!words[0].equals(room) || (last > 0 && number != last + 1)) {
                mistakes.add(name + " in " + room + " had " + last + ", got: " + line);
            }
            last = number;
            if (words[2].startsWith(mine)) {
                long again = Long.parseLong(words[2].substring(mine.length()));
                if (again != heardOfMine + 1) {
                    mistakes.add(name + " said " + (heardOfMine + 1) + ", heard " + again);
                }
                heardOfMine = again;
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (!loop.isShuttingDown()) {
                mistakes.add(name + " was disconnected");
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            mistakes.add(name + ": " + cause);
        }
    }
}
