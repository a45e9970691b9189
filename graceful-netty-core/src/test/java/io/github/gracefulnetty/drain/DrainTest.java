// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.drain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.Channel;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

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

        @Override
        public CompletionStage<?> drain(Collection<Channel> connections) {
            told.addAll(connections);
            begun = true;
            return ended;
        }

        @Override
        public void force() {
            forced = true;
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
