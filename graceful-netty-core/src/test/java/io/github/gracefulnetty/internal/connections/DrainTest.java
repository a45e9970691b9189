// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.connection.ServerDrain;
import io.github.gracefulnetty.internal.protocols.DrainGuard;
import io.netty.channel.Channel;
import io.netty.channel.DefaultEventLoopGroup;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.local.LocalChannel;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DrainTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    private final ScheduledExecutorService control = Executors.newSingleThreadScheduledExecutor();
    private final ConnectionTracker connections = new ConnectionTracker();
    private final Server server = new Server();
    private final Drain drain = new Drain(connections, control);

    private static final class Server implements ServerDrain {
        final CompletableFuture<Void> ended = new CompletableFuture<>();
        final List<Channel> told = new ArrayList<>();
        volatile boolean begun;
        volatile boolean forced;
        volatile boolean resumed;
        volatile boolean over;

        @Override
        public CompletionStage<?> drain(Collection<Channel> connections) {
            told.addAll(connections);
            begun = true;
            return ended;
        }

        @Override
        public void resume() {
            resumed = true;
        }

        @Override
        public void force() {
            forced = true;
        }

        @Override
        public CompletionStage<?> end() {
            over = true;
            return CompletableFuture.completedFuture(null);
        }
    }

    @AfterEach
    void end() {
        control.shutdownNow();
    }

    private CompletableFuture<DrainResult> start(Duration timeout) {
        CompletableFuture<DrainResult> result = new CompletableFuture<>();
        control.execute(() -> drain.start(timeout).whenComplete((done, failure) -> result.complete(done)));
        return result;
    }

    @Test
    void shouldWaitForAServerThatHasNoConnections() {
        connections.serve(server);
        CompletableFuture<DrainResult> result = start(LONG);
        await().until(() -> server.begun);
        assertThat(result).isNotDone();
        server.ended.complete(null);
        assertThat(result.join().forced()).isZero();
        assertThat(server.forced).isFalse();
    }

    @Test
    @SuppressWarnings("deprecation") // the group of both Netty lines
    void shouldEndWhenTheLoopOfAConnectionIsBlocked() {
        EventLoopGroup loops = new DefaultEventLoopGroup(1);
        CompletableFuture<Void> blocked = new CompletableFuture<>();
        try {
            Channel connection = new LocalChannel();
            loops.register(connection).syncUninterruptibly();
            connections.track(connection);
            loops.execute(blocked::join);
            assertThat(start(Duration.ofMillis(1)).join().forced()).isEqualTo(1);
            assertThat(blocked).isNotDone();
        } finally {
            blocked.complete(null);
            loops.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void shouldGiveAServerItsOwnConnectionsAndTellThemNothing() {
        connections.serve(server);
        List<Object> events = new ArrayList<>();
        EmbeddedChannel itsOwn = new EmbeddedChannel(new Noting(events));
        EmbeddedChannel another = new EmbeddedChannel(new Noting(events));
        connections.track(itsOwn, server);
        connections.track(another);
        CompletableFuture<DrainResult> result = start(LONG);
        await().until(() -> {
            another.runPendingTasks();
            itsOwn.runPendingTasks();
            return server.begun && !events.isEmpty();
        });
        assertThat(server.told).containsExactly(itsOwn);
        assertThat(events).hasSize(1);
        another.close();
        server.ended.complete(null);
        itsOwn.close();
        await().until(() -> {
            another.runPendingTasks();
            itsOwn.runPendingTasks();
            return result.isDone();
        });
        assertThat(result.join().connections()).isEqualTo(2);
    }

    @Test
    void shouldNotBeOverWhileTheLastConnectionLeaves() throws Exception {
        EmbeddedChannel last = new EmbeddedChannel();
        connections.track(last);
        Travelling mover = new Travelling();
        mover.whenAsked = () -> {
            mover.onTheWay = 1;
            last.close();
        };
        shouldWaitFor(mover);
    }

    @Test
    void shouldNotBeOverWhileTheLastConnectionComesBack() throws Exception {
        EmbeddedChannel again = new EmbeddedChannel();
        Travelling mover = new Travelling();
        mover.onTheWay = 1;
        mover.whenAsked = () -> {
            connections.track(again);
            mover.onTheWay = 0;
        };
        shouldWaitFor(mover);
        again.close();
    }

    /** Nothing is over before there is nobody here nor on the way. */
    private void shouldWaitFor(Travelling mover) throws Exception {
        Drain moving = new Drain(connections, control, mover, connection -> true);
        CompletableFuture<DrainResult> result = new CompletableFuture<>();
        control.execute(() -> moving.start(LONG).whenComplete((done, failure) -> result.complete(done)));
        await().until(() -> {
            connections.open().forEach(open -> ((EmbeddedChannel) open).runPendingTasks());
            return mover.begun;
        });
        control.submit(() -> {}).get(10, TimeUnit.SECONDS);
        assertThat(mover.over).isFalse();
        connections.open().forEach(Channel::close);
        mover.onTheWay = 0;
        mover.changed.run();
        result.get(10, TimeUnit.SECONDS);
        assertThat(mover.over).isTrue();
    }

    @Test
    @SuppressWarnings("deprecation") // the group of both Netty lines
    void shouldTellEachOnceEvenIfAnotherOneOfItsLoopCannotBeTold() throws Exception {
        EventLoopGroup group = new DefaultEventLoopGroup(1);
        try {
            List<Channel> all = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                Channel connection = new LocalChannel();
                group.register(connection).sync();
                connections.track(connection);
                all.add(connection);
            }
            List<Channel> asked = new CopyOnWriteArrayList<>();
            Travelling mover = new Travelling();
            mover.takes = connection -> {
                asked.add(connection);
                if (asked.size() == 1) {
                    throw new IllegalStateException("as the test wants");
                }
                return true;
            };
            Drain moving = new Drain(connections, control, mover, connection -> true);
            CompletableFuture<DrainResult> result = new CompletableFuture<>();
            control.execute(() -> moving.start(LONG).whenComplete((done, failure) -> result.complete(done)));
            await().until(() -> asked.size() == all.size());
            all.forEach(Channel::close);
            assertThat(result.get(30, TimeUnit.SECONDS).forced()).isZero();
            assertThat(asked).containsExactlyInAnyOrderElementsOf(all);
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    /** Lets something happen right after it was asked, on another thread as it were. */
    private static final class Travelling implements Mover {
        volatile int onTheWay;
        volatile boolean begun;
        volatile boolean over;
        volatile Runnable changed = () -> {};
        volatile Runnable whenAsked = () -> {};
        volatile Predicate<Channel> takes = connection -> false;

        @Override
        public void begin(Consumer<Channel> stays, Runnable onChange) {
            changed = onChange;
            begun = true;
        }

        @Override
        public boolean take(Channel connection) {
            return takes.test(connection);
        }

        @Override
        public boolean isBusy(Channel connection) {
            return false;
        }

        @Override
        public int onTheWay() {
            int answer = onTheWay;
            Runnable event = whenAsked;
            whenAsked = () -> {};
            event.run();
            return answer;
        }

        @Override
        public void cancel() {}

        @Override
        public void end() {
            over = true;
        }
    }

    @Test
    void shouldForceAServerAtTheDeadline() {
        connections.serve(server);
        CompletableFuture<DrainResult> result = start(Duration.ofMillis(1));
        await().until(() -> server.forced);
        server.ended.complete(null);
        result.join();
    }

    @Test
    void shouldTakeAFailureForAnEnd() {
        connections.serve(server);
        CompletableFuture<DrainResult> result = start(LONG);
        server.ended.completeExceptionally(new IllegalStateException("expected by the test"));
        result.join();
    }

    @Test
    void shouldEndAServerWhenItIsOver() {
        connections.serve(server);
        CompletableFuture<DrainResult> result = start(LONG);
        await().until(() -> server.begun);
        assertThat(server.over).isFalse();
        server.ended.complete(null);
        result.join();
        assertThat(server.over).isTrue();
        assertThat(server.resumed).isFalse();
    }

    @Test
    void shouldNotEndBeforeItIsReleased() {
        connections.serve(server);
        drain.hold();
        CompletableFuture<DrainResult> result = start(LONG);
        await().until(() -> server.begun);
        server.ended.complete(null);
        EmbeddedChannel late = new EmbeddedChannel();
        connections.track(late);
        await().until(() -> {
            late.runPendingTasks();
            return late.pipeline().first() != null; // it was told
        });
        late.close();
        assertThat(server.over).isFalse();
        assertThat(result).isNotDone();
        control.execute(drain::release);
        result.join();
        assertThat(server.over).isTrue();
    }

    @Test
    void shouldForceWhatCameAfterTheDeadlineWhenItIsReleased() {
        drain.hold();
        EmbeddedChannel early = new EmbeddedChannel();
        connections.track(early);
        CompletableFuture<DrainResult> result = start(Duration.ofMillis(1));
        await().until(() -> runAndIsClosed(early));
        EmbeddedChannel late = new EmbeddedChannel();
        connections.track(late);
        control.execute(drain::release);
        await().until(() -> runAndIsClosed(late));
        assertThat(result.join().forced()).isEqualTo(2);
    }

    /** It could not resume. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldForceNoServerBeforeItIsReleased(boolean released) {
        connections.serve(server);
        drain.hold();
        EmbeddedChannel connection = new EmbeddedChannel();
        connections.track(connection);
        CompletableFuture<DrainResult> result = start(Duration.ofMillis(1));
        await().until(() -> runAndIsClosed(connection));
        control.execute(released ? drain::release : drain::cancel);
        // What it is asked has an order: it would have been forced before.
        await().until(() -> released ? server.over : server.resumed);
        assertThat(server.forced).isEqualTo(released);
        if (released) {
            result.join();
        }
    }

    private static boolean runAndIsClosed(EmbeddedChannel channel) {
        channel.runPendingTasks();
        return !channel.isOpen();
    }

    @Test
    void shouldEndNothingMoreWhenItIsCancelled() {
        connections.serve(server);
        EmbeddedChannel connection = new EmbeddedChannel();
        connections.track(connection);
        CompletableFuture<DrainResult> result = start(Duration.ofSeconds(3));
        await().until(() -> {
            connection.runPendingTasks();
            return server.begun;
        });
        control.execute(drain::cancel);
        await().until(() -> server.resumed);
        await().until(() -> passed(Duration.ofMillis(3_500)));
        assertThat(server.forced || server.over).isFalse();
        assertThat(runAndIsClosed(connection)).isFalse();
        assertThat(result).isNotDone();
    }

    /** What was scheduled on the control thread for so long has run. */
    private boolean passed(Duration time) throws Exception {
        return control.schedule(() -> true, time.toMillis(), TimeUnit.MILLISECONDS)
                .get();
    }

    @Test
    void shouldEndAlthoughTheDrainOfAServerThrowsAnError() throws Exception {
        shouldEndAlthoughDrainOfAServer(new Broken("drain"));
    }

    @Test
    void shouldEndAlthoughTheDrainOfAServerReturnsNull() throws Exception {
        shouldEndAlthoughDrainOfAServer(new Broken("drain null"));
    }

    private void shouldEndAlthoughDrainOfAServer(Broken broken) throws Exception {
        connections.serve(broken);
        connections.serve(server);
        EmbeddedChannel connection = new EmbeddedChannel();
        connections.track(connection);
        CompletableFuture<DrainResult> result = start(LONG);
        await().atMost(LONG).until(() -> {
            connection.runPendingTasks();
            return server.begun && connection.pipeline().first() != null; // both were told
        });
        server.ended.complete(null);
        connection.close();
        await().atMost(LONG).until(() -> {
            connection.runPendingTasks();
            return result.isDone();
        });
        assertThat(result.join().forced()).isZero();
        assertThat(server.over).isTrue();
    }

    @Test
    void shouldForceTheOthersAlthoughAServerThrowsAnError() {
        connections.serve(new Broken("force"));
        connections.serve(server);
        EmbeddedChannel connection = new EmbeddedChannel();
        connections.track(connection);
        CompletableFuture<DrainResult> result = start(Duration.ofMillis(1));
        await().atMost(LONG).until(() -> runAndIsClosed(connection) && server.forced);
        await().atMost(LONG).until(result::isDone);
        assertThat(result.join().forced()).isEqualTo(1);
        assertThat(server.over).isTrue();
    }

    /** It may block. */
    @Test
    @SuppressWarnings("deprecation") // the group of both Netty lines
    void shouldForceConnectionsBeforeItAsksServers() throws Exception {
        EventLoopGroup loops = new DefaultEventLoopGroup(1);
        try {
            Channel connection = new LocalChannel();
            loops.register(connection).sync();
            connections.track(connection);
            CompletableFuture<Boolean> closedBefore = new CompletableFuture<>();
            Broken waiting = new Broken("nothing");
            waiting.whenForced =
                    () -> closedBefore.complete(connection.closeFuture().awaitUninterruptibly(10_000));
            connections.serve(waiting);
            CompletableFuture<DrainResult> result = start(Duration.ofMillis(1));
            assertThat(closedBefore.get(30, TimeUnit.SECONDS)).isTrue();
            result.get(30, TimeUnit.SECONDS);
        } finally {
            loops.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void shouldEndTheOthersAlthoughAServerThrowsAnErrorOrReturnsNull() throws Exception {
        List<Broken> all = List.of(new Broken("end"), new Broken("end null"), new Broken("end"), new Broken("end"));
        all.forEach(connections::serve);
        start(Duration.ofMillis(1)).get(30, TimeUnit.SECONDS);
        assertThat(all).allSatisfy(broken -> assertThat(broken.asked).contains("end"));
    }

    @Test
    void shouldResumeTheOthersAlthoughAServerThrowsAnError() throws Exception {
        connections.serve(new Broken("resume"));
        connections.serve(server);
        start(LONG);
        await().atMost(LONG).until(() -> server.begun);
        control.submit(drain::cancel).get(30, TimeUnit.SECONDS);
        await().atMost(LONG).until(() -> server.resumed);
    }

    /** What counts, sweeps and ends needs it: none of these tasks may end unseen, or for ever. */
    @Test
    void shouldEndAlthoughWhoeverMovesConnectionsThrowsErrors() {
        List<LogRecord> log = new CopyOnWriteArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                log.add(line);
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger(DrainGuard.class.getName());
        logger.addHandler(handler);
        try {
            Mover mover = (Mover) Proxy.newProxyInstance(
                    Mover.class.getClassLoader(), new Class<?>[] {Mover.class}, (proxy, method, arguments) -> {
                        throw new NoClassDefFoundError(method.getName());
                    });
            EmbeddedChannel connection = new EmbeddedChannel();
            connections.track(connection);
            connections.serve(server);
            Drain moving = new Drain(connections, control, mover, one -> true);
            CompletableFuture<DrainResult> result = new CompletableFuture<>();
            control.execute(
                    () -> moving.start(Duration.ofMillis(500)).whenComplete((done, failure) -> result.complete(done)));
            await().atMost(LONG).until(() -> server.begun);
            server.ended.complete(null);
            await().atMost(LONG).until(() -> runAndIsClosed(connection));
            await().atMost(LONG).until(result::isDone);
            assertThat(result.join().forced()).isEqualTo(1);
            assertThat(server.over).isTrue();
            assertThat(log)
                    .extracting(LogRecord::getMessage)
                    .contains("graceful-netty: moving could not begin: java.lang.NoClassDefFoundError: begin")
                    .containsOnlyOnce("graceful-netty: the drain could not look for connections:"
                            + " java.lang.NoClassDefFoundError: onTheWay");
            assertThat(log).extracting(LogRecord::getThrown).hasOnlyElementsOfType(NoClassDefFoundError.class);
        } finally {
            logger.removeHandler(handler);
        }
    }

    /** Throws an error in one method, or returns null there; otherwise it ends nothing, and has ended when it is asked. */
    private static final class Broken implements ServerDrain {
        private final String where;
        final List<String> asked = new CopyOnWriteArrayList<>();
        volatile Runnable whenForced = () -> {};

        Broken(String where) {
            this.where = where;
        }

        private @Nullable CompletionStage<?> ask(String method, CompletableFuture<?> answer) {
            asked.add(method);
            if (where.equals(method)) {
                throw new NoClassDefFoundError("as the test wants: " + method);
            }
            return where.equals(method + " null") ? null : answer;
        }

        @Override
        @SuppressWarnings("NullAway") // as an application can
        public CompletionStage<?> drain(Collection<Channel> connections) {
            return ask("drain", new CompletableFuture<>());
        }

        @Override
        public void resume() {
            ask("resume", new CompletableFuture<>());
        }

        @Override
        public void force() {
            ask("force", new CompletableFuture<>());
            whenForced.run();
        }

        @Override
        @SuppressWarnings("NullAway") // as an application can
        public CompletionStage<?> end() {
            return ask("end", CompletableFuture.completedFuture(null));
        }
    }

    private static final class Noting extends io.netty.channel.ChannelInboundHandlerAdapter {
        private final List<Object> events;

        Noting(List<Object> events) {
            this.events = events;
        }

        @Override
        public void userEventTriggered(io.netty.channel.ChannelHandlerContext context, Object event) {
            events.add(event);
        }
    }
}
