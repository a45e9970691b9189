// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.Site.Client;
import io.github.gracefulnetty.connection.ConnectionEnds;
import io.github.gracefulnetty.connection.Migratable;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.traffic.ChannelTrafficShapingHandler;
import io.netty.util.concurrent.EventExecutor;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever clients say, whatever is in the pipeline and whenever connections move: clients see what a plain Netty server would
 * have sent. One that cannot move may be told earlier that its connection closes. More of them with
 * {@code -Dmoves.schedules=20000}, the same ones again with {@code -Dmoves.seed=...}.
 */
@ExtendWith(DescriptorGate.class)
class MovesPropertyTest {
    private static final int SCHEDULES = Integer.getInteger("moves.schedules", 200);
    private static final long SEED = Long.getLong("moves.seed", System.nanoTime());
    private static final int AT_A_TIME = 16;
    private static final String CLOSES = RandomExchange.CLOSES;
    private static final EventExecutor EXECUTOR = new DefaultEventLoop();
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);

    @TempDir
    Path directory;

    private final AtomicInteger next = new AtomicInteger();

    @Test
    void shouldSendWhatAServerSendsThatIsNotReplaced() throws Exception {
        System.out.println("MovesPropertyTest: " + SCHEDULES + " schedules, seed " + SEED);
        ExecutorService clients = Executors.newFixedThreadPool(AT_A_TIME);
        EnumMap<Kind, InetSocketAddress> replaced = new EnumMap<>(Kind.class);
        EnumMap<Kind, InetSocketAddress> plain = new EnumMap<>(Kind.class);
        Site current = site();
        List<AutoCloseable> open = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            Channel listener = current.bind(ANY_PORT, () -> handlers(kind));
            replaced.put(kind, (InetSocketAddress) listener.localAddress());
            PlainServer server = new PlainServer(kind);
            open.add(server);
            plain.put(kind, server.address());
        }
        current.ready();
        // One that stays: who has no connection that could move when its successor comes, offers no lane for later
        // ones.
        try (Client first = new Client(Objects.requireNonNull(replaced.get(Kind.USUAL)))) {
            first.send("GET /now HTTP/1.1\r\n\r\n").until(";");
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < AT_A_TIME; i++) {
                running.add(clients.submit(() -> {
                    compare(replaced, plain);
                    return null;
                }));
            }
            List<ExitReport> reports = new ArrayList<>();
            int moved = 0;
            while (!running.stream().allMatch(Future::isDone)) {
                Site successor = serve(replaced);
                ExitReport report = current.exit();
                reports.add(report);
                current.close();
                current = successor;
                moved += report.moved();
            }
            for (Future<?> one : running) {
                one.get();
            }
            assertThat(reports).allSatisfy(report -> {
                assertThat(report.forced()).isZero();
                assertThat(report.byProtocol().values().stream()
                                .mapToInt(ConnectionEnds::lost)
                                .sum())
                        .isZero();
            });
            first.send("GET /now HTTP/1.1\r\n\r\n").until(";");
            System.out.println("MovesPropertyTest: " + moved + " moves in " + reports.size() + " upgrades");
            assertThat(moved).isPositive();
        } finally {
            next.set(SCHEDULES);
            clients.shutdown();
            assertThat(clients.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
            current.close();
            for (AutoCloseable one : open) {
                one.close();
            }
            EXECUTOR.shutdownGracefully();
        }
    }

    /** What is in the pipeline. */
    private enum Kind {
        USUAL,
        SHAPED,
        AGGREGATED,
        FAULTY,
        /** Cannot move, */
        PREAMBLE,
        /** nor can this. */
        EXECUTOR;

        boolean isMovable() {
            return this != PREAMBLE && this != EXECUTOR && this != FAULTY;
        }
    }

    private static List<ChannelHandler> handlers(Kind kind) {
        return switch (kind) {
            case USUAL -> List.of(new HttpServerCodec(), new InOrder());
            case SHAPED ->
                List.of(new ChannelTrafficShapingHandler(4 << 20, 0, 20), new HttpServerCodec(), new InOrder());
            case AGGREGATED -> List.of(new HttpServerCodec(), new HttpObjectAggregator(1 << 20), new InOrder());
            case FAULTY -> List.of(new HttpServerCodec(), new Faulty(), new InOrder());
            case PREAMBLE -> List.of(new Preamble(), new HttpServerCodec(), new InOrder());
            case EXECUTOR -> List.of(new HttpServerCodec(), new OnExecutor());
        };
    }

    /** Reads the first line, and goes. */
    private static final class Preamble extends ByteToMessageDecoder {
        @Override
        protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
            int end = in.bytesBefore((byte) '\n');
            if (end >= 0) {
                in.skipBytes(end + 1);
                context.pipeline().remove(this); // what is left is passed on
            }
        }
    }

    @SuppressWarnings("deprecation") // of Netty 4.2 only
    private static final class OnExecutor extends ChannelInboundHandlerAdapter {
        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            context.pipeline().addLast(EXECUTOR, "in-order", new InOrder());
        }
    }

    /** Fails now and then, wherever it is asked; but nothing twice, so that one of both processes has the connection. */
    private static final class Faulty extends ChannelInboundHandlerAdapter implements Migratable {
        private static final Set<String> THROWN = ConcurrentHashMap.newKeySet();
        private static final AtomicInteger NUMBERS = new AtomicInteger();

        private static void throwSometimes() {
            if (ThreadLocalRandom.current().nextInt(4) == 0) {
                throw new NoClassDefFoundError("as the test wants");
            }
        }

        @Override
        public boolean mayMove(ChannelHandlerContext context) {
            throwSometimes();
            return true;
        }

        @Override
        public byte[] state(ChannelHandlerContext context) {
            throwSometimes();
            return Integer.toString(NUMBERS.getAndIncrement()).getBytes(US_ASCII);
        }

        @Override
        public void restore(ChannelHandlerContext context, byte[] state) {
            if (THROWN.add(new String(state, US_ASCII))) {
                throwSometimes();
            }
        }
    }

    /** Runs one schedule after the other, against both. */
    private void compare(Map<Kind, InetSocketAddress> replaced, Map<Kind, InetSocketAddress> plain) throws Exception {
        for (int number = next.getAndIncrement(); number < SCHEDULES; number = next.getAndIncrement()) {
            Kind kind = Kind.values()[number % Kind.values().length];
            String preamble = kind == Kind.PREAMBLE ? "PROXY UNKNOWN\r\n" : "";
            // What answers later than it reads would be closed when its client closes its side, with or without us.
            boolean later = kind == Kind.SHAPED || kind == Kind.EXECUTOR;
            Kind same = later ? Kind.USUAL : kind;
            RandomExchange exchange = new RandomExchange(SEED + number, later);
            String expected = exchange.run(Objects.requireNonNull(plain.get(same)), false, preamble, 0);
            long awaited = later ? RandomExchange.answers(expected) : 0;
            String what = "seed " + (SEED + number) + ", " + kind + ": " + exchange;
            try {
                String answers = exchange.run(Objects.requireNonNull(replaced.get(kind)), true, preamble, awaited);
                if (kind.isMovable() || !answers.contains(CLOSES)) {
                    assertThat(withoutClose(answers)).as(what).isEqualTo(withoutClose(expected));
                } else {
                    assertThat(withoutClose(expected)).as(what).startsWith(withoutClose(answers));
                }
            } catch (java.io.IOException e) {
                throw new AssertionError(what, e);
            }
        }
    }

    /** A connection that can only end, because its client has closed its side, may be told so: in its last answer. */
    private static String withoutClose(String answers) {
        int last = answers.lastIndexOf(CLOSES);
        boolean isLast = last >= 0 && answers.indexOf("HTTP/1.1", last) < 0;
        return isLast ? answers.substring(0, last) + answers.substring(last + CLOSES.length()) : answers;
    }

    private Site serve(Map<Kind, InetSocketAddress> addresses) throws Exception {
        Site site = site();
        for (Map.Entry<Kind, InetSocketAddress> each : addresses.entrySet()) {
            Kind kind = each.getKey();
            site.bind(each.getValue(), () -> handlers(kind));
        }
        site.ready();
        return site;
    }

    private Site site() {
        return new Site(Graceful.builder()
                .handoffPath(directory.resolve("handoff.sock"))
                .probation(Duration.ZERO)
                .migrateConnections(true));
    }

    /** Without us. */
    @SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
    private static final class PlainServer implements AutoCloseable {
        private final EventLoopGroup loops = new EpollEventLoopGroup(1);
        private final Channel listener;

        PlainServer(Kind kind) throws InterruptedException {
            listener = new ServerBootstrap()
                    .group(loops)
                    .channel(EpollServerSocketChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(handlers(kind).toArray(ChannelHandler[]::new));
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
