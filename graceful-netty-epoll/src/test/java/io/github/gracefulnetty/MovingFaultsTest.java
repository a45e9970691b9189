// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.Site.Client;
import io.github.gracefulnetty.connection.ConnectionEnds;
import io.github.gracefulnetty.connection.ConnectionMoved;
import io.github.gracefulnetty.connection.DrainEvent;
import io.github.gracefulnetty.connection.Migratable;
import io.github.gracefulnetty.internal.protocols.ReadPause;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.handler.codec.string.StringEncoder;
import io.netty.handler.traffic.ChannelTrafficShapingHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.EventExecutor;
import java.lang.ref.WeakReference;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the application throws, or has changed, while its connections leave: it costs nobody else anything, and is reported. */
@ExtendWith(DescriptorGate.class)
class MovingFaultsTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);
    private static final int OTHERS = 20;
    private static final int STATE = 50_000;

    @TempDir
    Path directory;

    private Graceful.Builder builder() {
        return Graceful.builder()
                .handoffPath(directory.resolve("handoff.sock"))
                .probation(Duration.ZERO)
                .migrateConnections(true)
                .drainTimeout(Duration.ofSeconds(30));
    }

    private static Channel serve(Site site, SocketAddress address, Supplier<List<ChannelHandler>> handlers)
            throws Exception {
        Channel listener = site.bind(address, handlers);
        site.ready();
        return listener;
    }

    /** Each connection is in one column. */
    private static void shouldAddUp(ExitReport report, String ends) {
        assertThat(ConnectionEnds.describe(report.byProtocol())).isEqualTo(ends);
        assertThat(report.byProtocol().values().stream()
                        .mapToInt(ConnectionEnds::total)
                        .sum())
                .isEqualTo(report.connections());
    }

    /** It is told to come again with one of its next answers. */
    private static void shouldBeTold(Client client) throws Exception {
        String answer = client.ask("/");
        for (int i = 0; i < 1_000_000 && answer.equals("any"); i++) {
            answer = client.ask("/");
        }
        assertThat(answer).isEqualTo("any (closes)");
    }

    /** Where a handler throws an Error. */
    enum Throwing {
        MAY_MOVE,
        STATE,
        STATE_NAME,
        RESTORE,
        MOVED_EVENT,
        INACTIVE
    }

    private static void throwIf(boolean condition) {
        if (condition) {
            throw new NoClassDefFoundError("as the test wants");
        }
    }

    /** Counts the lines of its client; fails if the first one says so. */
    private static final class Counter extends SimpleChannelInboundHandler<String> implements Migratable {
        private final Throwing where;
        private String word = "";
        private int lines;

        Counter(Throwing where) {
            this.where = where;
        }

        private boolean fails(Throwing here) {
            return where == here && word.startsWith("bad");
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, String line) {
            word = line;
            context.writeAndFlush(++lines + " " + line + "\n");
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event == DrainEvent.INSTANCE) {
                context.writeAndFlush("drained\n").addListener(written -> context.close());
            } else {
                throwIf(fails(Throwing.MOVED_EVENT));
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            throwIf(fails(Throwing.INACTIVE));
        }

        @Override
        public boolean mayMove(ChannelHandlerContext context) {
            throwIf(fails(Throwing.MAY_MOVE));
            return true;
        }

        @Override
        public byte[] state(ChannelHandlerContext context) {
            throwIf(fails(Throwing.STATE));
            return (lines + " " + word).getBytes(US_ASCII);
        }

        @Override
        public void restore(ChannelHandlerContext context, byte[] state) {
            String[] both = new String(state, US_ASCII).split(" ", -1);
            lines = Integer.parseInt(both[0]);
            word = both[1];
            throwIf(fails(Throwing.RESTORE)); // in both processes
        }

        @Override
        public String stateName() {
            throwIf(fails(Throwing.STATE_NAME));
            return "counter";
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {}
    }

    private static List<ChannelHandler> counters(Throwing where) {
        return List.of(
                new LineBasedFrameDecoder(99),
                new StringDecoder(US_ASCII),
                new StringEncoder(US_ASCII),
                new Counter(where));
    }

    @ParameterizedTest
    @EnumSource
    void shouldKeepAnErrorOfOneConnectionFromAllOthers(Throwing where) throws Exception {
        try (Site old = new Site(builder())) {
            Channel listener = serve(old, ANY_PORT, () -> counters(where));
            List<Client> others = new ArrayList<>();
            try (Client bad = new Client(listener)) {
                for (int i = 0; i < OTHERS; i++) {
                    others.add(new Client(listener));
                    assertThat(others.get(i).send("a\n").line()).isEqualTo("1 a");
                }
                assertThat(bad.send("bad\n").line()).isEqualTo("1 bad");
                try (Site young = new Site(builder())) {
                    serve(young, listener.localAddress(), () -> counters(where));
                    ExitReport report;
                    if (where == Throwing.MOVED_EVENT || where == Throwing.INACTIVE) {
                        report = old.exit();
                        shouldAddUp(report, "other: " + (OTHERS + 1) + " moved");
                        assertThat(bad.send("bad\n").line()).isEqualTo("2 bad");
                    } else if (where == Throwing.RESTORE) {
                        report = old.exit();
                        shouldAddUp(report, "other: " + OTHERS + " moved, 1 lost");
                        assertThat(bad.isAtEnd()).isTrue();
                    } else {
                        assertThat(bad.line()).isEqualTo("drained");
                        assertThat(bad.isAtEnd()).isTrue();
                        report = old.exit();
                        shouldAddUp(report, "other: " + OTHERS + " moved, 1 drained");
                    }
                    for (Client other : others) {
                        assertThat(other.send("b\n").line()).isEqualTo("2 b");
                    }
                }
            } finally {
                for (Client other : others) {
                    other.close();
                }
            }
        }
    }

    /** Takes the first line, and leaves: as one does that reads the PROXY protocol, or logs in. */
    private static final class Preamble extends ChannelInboundHandlerAdapter {
        private final boolean replaced;

        Preamble(boolean replaced) {
            this.replaced = replaced;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
            if (replaced) {
                context.pipeline().replace(this, "in", new ChannelInboundHandlerAdapter());
            } else {
                context.pipeline().remove(this);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldDrainWhoseFirstHandlerHasGone(boolean replaced) throws Exception {
        Queue<Runnable> steps = ScriptedHttp.steps();
        Supplier<List<ChannelHandler>> handlers =
                () -> List.of(new Preamble(replaced), new HttpServerCodec(), new ScriptedHttp("any", steps));
        try (Site old = new Site(builder())) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (Client greeted = new Client(listener)) {
                greeted.send("PROXY UNKNOWN\r\n");
                await().until(() -> old.graceful.runtime().parts().connections().open().stream()
                        .anyMatch(one -> one.pipeline().get(Preamble.class) == null));
                assertThat(greeted.ask("/")).isEqualTo("any");
                try (Client silent = new Client(listener);
                        Site young = new Site(builder())) {
                    await().until(() ->
                            old.graceful.runtime().parts().connections().open().size() == 2);
                    serve(young, listener.localAddress(), handlers);
                    shouldBeTold(greeted);
                    assertThat(greeted.isAtEnd()).isTrue();
                    shouldAddUp(old.exit(), "http/1.1: 1 moved, 1 drained");
                    silent.send("PROXY UNKNOWN\r\n");
                    await().until(() -> young.graceful.runtime().parts().connections().open().stream()
                            .anyMatch(one -> one.pipeline().get(Preamble.class) == null));
                    assertThat(silent.ask("/")).isEqualTo("any");
                }
            }
        }
    }

    /** On an executor of its own: what waits there is seen by nobody. */
    @Test
    @SuppressWarnings("deprecation") // of Netty 4.2 only
    void shouldDrainWhatRunsOnAnotherExecutor() throws Exception {
        EventExecutor executor = new DefaultEventLoop();
        Queue<Runnable> steps = ScriptedHttp.steps();
        Supplier<List<ChannelHandler>> handlers =
                () -> List.of(new HttpServerCodec(), new ChannelInboundHandlerAdapter() {
                    @Override
                    public void handlerAdded(ChannelHandlerContext context) {
                        context.pipeline().addLast(executor, "http", new ScriptedHttp("any", steps));
                    }
                });
        try (Site old = new Site(builder())) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (Client client = new Client(listener);
                    Site young = new Site(builder())) {
                assertThat(client.ask("/")).isEqualTo("any");
                serve(young, listener.localAddress(), handlers);
                shouldBeTold(client);
                assertThat(client.isAtEnd()).isTrue();
                shouldAddUp(old.exit(), "http/1.1: 1 drained");
            }
        } finally {
            executor.shutdownGracefully().sync();
        }
    }

    /** Passed on is not sent: below the codec it may wait. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldSendAllOfAnAnswerThatIsHeldBelowTheCodec(boolean migrate) throws Exception {
        Queue<Runnable> steps = ScriptedHttp.steps();
        int bytes = 8 << 20;
        Supplier<List<ChannelHandler>> handlers = () -> List.of(
                new ChannelTrafficShapingHandler(16 << 20, 0, 50),
                new HttpServerCodec(),
                new ScriptedHttp("any", steps));
        try (Site old = new Site(builder().migrateConnections(migrate))) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (Client client = new Client(listener)) {
                assertThat(client.ask("/")).isEqualTo("any"); // it was accepted: there is a lane
                try (Site young = new Site(builder().migrateConnections(migrate))) {
                    client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
                    assertThat(client.until("\r\n\r\n")).doesNotContain("close");
                    serve(young, listener.localAddress(), handlers);
                    assertThat(client.read(bytes + 1)).hasSize(bytes + 1).endsWith("x\n");
                    assertThat(client.ask("/")).isEqualTo(migrate ? "any" : "any (closes)");
                    client.close();
                    shouldAddUp(old.exit(), migrate ? "http/1.1: 1 moved" : "http/1.1: 1 drained");
                }
            }
        }
    }

    /** Its state is kept once, and not after the successor has it. */
    @Test
    void shouldKeepNothingOfWhatHasMoved() throws Exception {
        Queue<WeakReference<byte[]>> states = new ConcurrentLinkedQueue<>();
        Queue<Runnable> steps = ScriptedHttp.steps();
        Supplier<List<ChannelHandler>> handlers = () -> {
            ScriptedHttp http = new ScriptedHttp("any", steps);
            return List.of(new HttpServerCodec(), new Stateful(states), http);
        };
        try (Site old = new Site(builder())) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (Client busy = new Client(listener);
                    Client idle = new Client(listener)) {
                assertThat(idle.ask("/")).isEqualTo("any");
                busy.send("GET /later HTTP/1.1\r\n\r\n");
                await().until(() -> steps.size() == 1);
                try (Site young = new Site(builder())) {
                    serve(young, listener.localAddress(), handlers);
                    await().until(() -> states.size() == 1);
                    await().until(() -> {
                        System.gc();
                        return states.element().get() == null;
                    });
                    ScriptedHttp.proceed(steps);
                    assertThat(busy.answer()).isEqualTo("any");
                    shouldAddUp(old.exit(), "http/1.1: 2 moved");
                }
            }
        }
    }

    private static final class Stateful extends ChannelInboundHandlerAdapter implements Migratable {
        private final Queue<WeakReference<byte[]>> states;

        Stateful(Queue<WeakReference<byte[]>> states) {
            this.states = states;
        }

        @Override
        public byte[] state(ChannelHandlerContext context) {
            byte[] state = new byte[STATE];
            states.add(new WeakReference<>(state));
            return state;
        }

        @Override
        public void restore(ChannelHandlerContext context, byte[] state) {
            assertThat(state).hasSize(STATE);
        }
    }

    /** A codec that comes when the first bytes have been looked at. */
    @Test
    void shouldDrainWhatIsFoundOutFromTheFirstBytes() throws Exception {
        Queue<Runnable> steps = ScriptedHttp.steps();
        Supplier<List<ChannelHandler>> handlers = () -> List.of(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                context.pipeline().addLast(new HttpServerCodec(), new ScriptedHttp("any", steps));
                context.pipeline().remove(this);
                context.pipeline().fireChannelRead(message);
            }
        });
        try (Site old = new Site(builder())) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (Client used = new Client(listener);
                    Client silent = new Client(listener);
                    Site young = new Site(builder())) {
                assertThat(used.ask("/")).isEqualTo("any");
                await().until(() ->
                        old.graceful.runtime().parts().connections().open().size() == 2);
                serve(young, listener.localAddress(), handlers);
                shouldBeTold(used);
                shouldBeTold(silent);
                assertThat(used.isAtEnd()).isTrue();
                assertThat(silent.isAtEnd()).isTrue();
                shouldAddUp(old.exit(), "http/1.1: 2 drained");
            }
        }
    }

    /** It may move only when its second request is answered: that must be read. */
    private static final class TwoSteps extends ChannelInboundHandlerAdapter implements Migratable {
        private int requests;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            requests += message instanceof HttpRequest ? 1 : 0;
            context.fireChannelRead(message);
        }

        @Override
        public boolean mayMove(ChannelHandlerContext context) {
            return requests != 1;
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldReadOnWhatIsNotDoneWithItsFirstRequest(boolean answeredBefore) throws Exception {
        Queue<Runnable> steps = ScriptedHttp.steps();
        Supplier<List<ChannelHandler>> handlers =
                () -> List.of(new HttpServerCodec(), new TwoSteps(), new ScriptedHttp("any", steps));
        try (Site old = new Site(builder())) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (Client client = new Client(listener)) {
                client.send("GET /later HTTP/1.1\r\n\r\n");
                await().until(() -> steps.size() == 1);
                Channel connection =
                        old.graceful.runtime().parts().connections().open().get(0);
                if (answeredBefore) {
                    ScriptedHttp.proceed(steps);
                    assertThat(client.answer()).isEqualTo("any");
                }
                try (Site young = new Site(builder())) {
                    serve(young, listener.localAddress(), handlers);
                    await().until(() -> DrainEvent.hasBegun(connection)); // it has been looked at twice
                    if (!answeredBefore) {
                        await().until(() -> ReadPause.isOn(connection));
                        ScriptedHttp.proceed(steps);
                        assertThat(client.answer()).isEqualTo("any");
                    }
                    assertThat(client.ask("/")).isEqualTo("any");
                    shouldAddUp(old.exit(), "http/1.1: 1 moved");
                }
            }
        }
    }

    /** Whose client closes its side while it is not read gets its answer. */
    @Test
    void shouldAnswerWhoseClientClosesItsSideInThePause() throws Exception {
        Queue<Runnable> steps = ScriptedHttp.steps();
        Supplier<List<ChannelHandler>> handlers = () -> List.of(
                new ChannelInboundHandlerAdapter() {
                    @Override
                    public void handlerAdded(ChannelHandlerContext context) {
                        context.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
                    }
                },
                new HttpServerCodec(),
                new ScriptedHttp("any", steps));
        try (Site old = new Site(builder())) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (Client client = new Client(listener)) {
                client.send("GET /later HTTP/1.1\r\n\r\n");
                await().until(() -> steps.size() == 1);
                Channel connection =
                        old.graceful.runtime().parts().connections().open().get(0);
                try (Site young = new Site(builder())) {
                    serve(young, listener.localAddress(), handlers);
                    await().until(() -> ReadPause.isOn(connection));
                    client.halfClose();
                    await().until(() -> ((DuplexChannel) connection).isInputShutdown());
                    ScriptedHttp.proceed(steps);
                    assertThat(client.answer()).isEqualTo("any (closes)");
                    assertThat(client.isAtEnd()).isTrue();
                    shouldAddUp(old.exit(), "http/1.1: 1 drained");
                }
            }
        }
    }

    /** Its client is the successor's by then. */
    private static final class Parting extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event == ConnectionMoved.INSTANCE) {
                context.writeAndFlush(Unpooled.copiedBuffer("bye", US_ASCII)).addListener(written -> context.close());
            }
            context.fireUserEventTriggered(event);
        }
    }

    /** In the second case its reading was paused before, and a close would linger. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldTellAClientNothingThatItsHandlersSayWhenItHasMoved(boolean paused) throws Exception {
        Queue<Runnable> steps = ScriptedHttp.steps();
        Supplier<List<ChannelHandler>> handlers =
                () -> List.of(new Parting(), new HttpServerCodec(), new ScriptedHttp("any", steps));
        try (Site old = new Site(builder())) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (Client client = new Client(listener)) {
                client.send("GET /later HTTP/1.1\r\n\r\n");
                await().until(() -> steps.size() == 1);
                Channel connection =
                        old.graceful.runtime().parts().connections().open().get(0);
                try (Site young = new Site(builder())) {
                    serve(young, listener.localAddress(), handlers);
                    if (paused) {
                        await().until(() -> ReadPause.isOn(connection));
                    }
                    ScriptedHttp.proceed(steps);
                    assertThat(client.answer()).isEqualTo("any");
                    shouldAddUp(old.exit(), "http/1.1: 1 moved");
                    client.send("GET / HTTP/1.1\r\n\r\n");
                    assertThat(client.until("\r\n\r\n"))
                            .startsWith("HTTP/1.1 200 OK")
                            .doesNotContain("close");
                    assertThat(client.line()).isEqualTo("any");
                    assertThat(client.ask("/")).isEqualTo("any");
                }
            }
        }
    }

    /** There only while a request is dealt with. */
    private static final class ForOneRequest extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof HttpRequest) {
                context.pipeline().addLast("meanwhile", new ChannelOutboundHandlerAdapter());
            }
            context.fireChannelRead(message);
        }
    }

    @Test
    void shouldMoveWhenAHandlerHasGoneThatWasThereForOneRequest() throws Exception {
        Queue<Runnable> steps = ScriptedHttp.steps();
        Supplier<List<ChannelHandler>> handlers =
                () -> List.of(new HttpServerCodec(), new ForOneRequest(), new ScriptedHttp("any", steps));
        try (Site old = new Site(builder())) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (Client client = new Client(listener)) {
                client.send("GET /later HTTP/1.1\r\n\r\n");
                await().until(() -> steps.size() == 1);
                Channel connection =
                        old.graceful.runtime().parts().connections().open().get(0);
                try (Site young = new Site(builder())) {
                    serve(young, listener.localAddress(), handlers);
                    await().until(() -> connection.pipeline().toMap().values().stream()
                            .anyMatch(handler ->
                                    handler.getClass().getSimpleName().equals("Waiting")));
                    connection
                            .eventLoop()
                            .submit(() -> connection.pipeline().remove("meanwhile"))
                            .sync();
                    ScriptedHttp.proceed(steps);
                    assertThat(client.answer()).isEqualTo("any");
                    shouldAddUp(old.exit(), "http/1.1: 1 moved");
                }
            }
        }
    }

    /** Says no as long as it is asked with each read, and fails when it is looked at. */
    private static final class LateFailure extends ChannelInboundHandlerAdapter implements Migratable {
        private final AtomicInteger asked;

        LateFailure(AtomicInteger asked) {
            this.asked = asked;
        }

        @Override
        public boolean mayMove(ChannelHandlerContext context) {
            throwIf(asked.incrementAndGet() > 1);
            return false;
        }
    }

    @Test
    void shouldDrainWhoseHandlerFailsWhenItIsLookedAt() throws Exception {
        Queue<Runnable> steps = ScriptedHttp.steps();
        AtomicInteger asked = new AtomicInteger();
        Supplier<List<ChannelHandler>> handlers =
                () -> List.of(new HttpServerCodec(), new LateFailure(asked), new ScriptedHttp("any", steps));
        try (Site old = new Site(builder())) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (Client client = new Client(listener)) {
                assertThat(client.ask("/")).isEqualTo("any");
                Channel connection =
                        old.graceful.runtime().parts().connections().open().get(0);
                try (Site young = new Site(builder())) {
                    serve(young, listener.localAddress(), handlers);
                    await().until(() -> DrainEvent.hasBegun(connection));
                    assertThat(asked).hasValue(2);
                    assertThat(client.ask("/")).isEqualTo("any (closes)");
                    shouldAddUp(old.exit(), "http/1.1: 1 drained");
                }
            }
        }
    }

    /** Whoever does not read one request while it deals with another one. */
    private static final class Slow extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof HttpRequest request && request.uri().equals("/stop")) {
                context.channel().config().setAutoRead(false);
            }
            context.fireChannelRead(message);
        }
    }

    /** The application's own back-pressure is not lifted by a drain that pauses, and ends its pause. */
    @Test
    void shouldLeaveAutoReadToTheApplication() throws Exception {
        Queue<Runnable> steps = ScriptedHttp.steps();
        Supplier<List<ChannelHandler>> handlers =
                () -> List.of(new HttpServerCodec(), new Slow(), new ScriptedHttp("any", steps));
        try (Site old = new Site(builder().probation(Duration.ofMinutes(1)))) {
            Channel listener = serve(old, ANY_PORT, handlers);
            try (Client client = new Client(listener)) {
                client.send("GET /later HTTP/1.1\r\n\r\n");
                await().until(() -> steps.size() == 1);
                try (Site young = new Site(builder().probation(Duration.ofMinutes(1)))) {
                    Channel connection =
                            old.graceful.runtime().parts().connections().open().get(0);
                    serve(young, listener.localAddress(), handlers);
                    await().until(() -> ReadPause.isOn(connection));
                    assertThat(connection.config().isAutoRead())
                            .as("as the application left it")
                            .isTrue();
                    connection.config().setAutoRead(false);
                    young.graceful.rollBack("no database").join();
                    await().until(() -> !ReadPause.isOn(connection));
                    assertThat(connection.config().isAutoRead())
                            .as("as the application wants it")
                            .isFalse();
                    client.send("GET /later HTTP/1.1\r\n\r\n");
                    ScriptedHttp.proceed(steps);
                    assertThat(client.answer()).isEqualTo("any");
                    connection.eventLoop().submit(() -> {}).sync();
                    assertThat(steps).as("requests that were read").isEmpty();
                    connection.config().setAutoRead(true);
                    await().until(() -> steps.size() == 1);
                    ScriptedHttp.proceed(steps);
                    assertThat(client.answer()).isEqualTo("any");
                }
            }
        }
    }
}
