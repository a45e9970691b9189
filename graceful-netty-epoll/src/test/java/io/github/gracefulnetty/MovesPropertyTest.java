// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.Site.Client;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever clients say and whenever their connections move: they see what a plain Netty server would have sent. More of
 * them with {@code -Dmoves.schedules=20000}, the same ones again with {@code -Dmoves.seed=...}.
 */
@ExtendWith(DescriptorGate.class)
class MovesPropertyTest {
    private static final int SCHEDULES = Integer.getInteger("moves.schedules", 200);
    private static final long SEED = Long.getLong("moves.seed", System.nanoTime());
    private static final int AT_A_TIME = 16;
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);

    @TempDir
    Path directory;

    private final AtomicInteger next = new AtomicInteger();

    @Test
    void shouldSendWhatAServerSendsThatIsNotReplaced() throws Exception {
        System.out.println("MovesPropertyTest: " + SCHEDULES + " schedules, seed " + SEED);
        ExecutorService clients = Executors.newFixedThreadPool(AT_A_TIME);
        Site current = site();
        Channel listener = current.bind(ANY_PORT, MovesPropertyTest::handlers);
        current.ready();
        // One that stays: who has no connection that could move when its successor comes, offers no lane for later
        // ones.
        try (PlainServer plain = new PlainServer();
                Client first = new Client(listener)) {
            first.send("GET /now HTTP/1.1\r\n\r\n").until(";");
            InetSocketAddress address = (InetSocketAddress) listener.localAddress();
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < AT_A_TIME; i++) {
                running.add(clients.submit(() -> {
                    compare(address, plain.address());
                    return null;
                }));
            }
            int upgrades = 0;
            int moved = 0;
            while (!running.stream().allMatch(Future::isDone)) {
                Site successor = serve(address);
                ExitReport report = current.exit();
                current.close();
                current = successor;
                assertThat(report.forced()).isZero();
                upgrades++;
                moved += report.moved();
            }
            for (Future<?> one : running) {
                one.get();
            }
            first.send("GET /now HTTP/1.1\r\n\r\n").until(";");
            System.out.println("MovesPropertyTest: " + moved + " moves in " + upgrades + " upgrades");
            assertThat(moved).isPositive();
        } finally {
            next.set(SCHEDULES);
            clients.shutdown();
            assertThat(clients.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
            current.close();
        }
    }

    /** Runs one schedule after the other, against both. */
    private void compare(InetSocketAddress replaced, InetSocketAddress plain) throws Exception {
        for (int number = next.getAndIncrement(); number < SCHEDULES; number = next.getAndIncrement()) {
            RandomExchange exchange = new RandomExchange(SEED + number);
            String expected = exchange.run(plain, false);
            try {
                assertThat(withoutClose(exchange.run(replaced, true)))
                        .as("seed %d: %s", SEED + number, exchange)
                        .isEqualTo(withoutClose(expected));
            } catch (java.io.IOException e) {
                throw new AssertionError("seed " + (SEED + number) + ": " + exchange, e);
            }
        }
    }

    /** A connection that can only end, because its client has closed its side, may be told so: in its last answer. */
    private static String withoutClose(String answers) {
        int last = answers.lastIndexOf("connection: close\r\n");
        boolean isLast = last >= 0 && answers.indexOf("HTTP/1.1", last) < 0;
        return isLast
                ? answers.substring(0, last) + answers.substring(last + "connection: close\r\n".length())
                : answers;
    }

    private Site serve(InetSocketAddress address) throws Exception {
        Site site = site();
        site.bind(address, MovesPropertyTest::handlers);
        site.ready();
        return site;
    }

    private Site site() {
        return new Site(Graceful.builder()
                .handoffPath(directory.resolve("handoff.sock"))
                .probation(Duration.ZERO)
                .migrateConnections(true));
    }

    private static List<ChannelHandler> handlers() {
        return List.of(new HttpServerCodec(), new InOrder());
    }

    /** Without us. */
    @SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
    private static final class PlainServer implements AutoCloseable {
        private final EventLoopGroup loops = new EpollEventLoopGroup(1);
        private final Channel listener;

        PlainServer() throws InterruptedException {
            listener = new ServerBootstrap()
                    .group(loops)
                    .channel(EpollServerSocketChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(handlers().toArray(ChannelHandler[]::new));
                        }
                    })
                    .bind(ANY_PORT)
                    .sync()
                    .channel();
        }

        InetSocketAddress address() {
            return (InetSocketAddress) listener.localAddress();
        }

        @Override
        public void close() {
            loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}
