// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.grpc;

import io.github.gracefulnetty.connection.ServerDrain;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A server that owns its event loops and ends with its process's service. What may block has threads of its own. */
final class GracefulServer extends Server implements ServerDrain {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(GracefulServer.class);

    private final EventLoopGroup boss;
    private final EventLoopGroup workers;
    private final Duration mostNegotiation;
    private final @Nullable Health health;
    private final List<Runnable> beforeGoAway;
    private final List<Runnable> afterGoAway;
    private final AtomicBoolean endingLoops = new AtomicBoolean();
    private volatile boolean forced;
    private @Nullable Server plain;

    /** @param mostNegotiation how long connections that negotiate may hold the GOAWAY of the others up */
    GracefulServer(
            EventLoopGroup boss,
            EventLoopGroup workers,
            Duration mostNegotiation,
            @Nullable Health health,
            List<Runnable> beforeGoAway,
            List<Runnable> afterGoAway) {
        this.boss = boss;
        this.workers = workers;
        this.mostNegotiation = mostNegotiation;
        this.health = health;
        this.beforeGoAway = List.copyOf(beforeGoAway);
        this.afterGoAway = List.copyOf(afterGoAway);
    }

    /** This server is {@code plain}, to be called before anything else. */
    GracefulServer of(Server plain) {
        this.plain = plain;
        return this;
    }

    private Server plain() {
        return Objects.requireNonNull(plain, "given by the builder");
    }

    EventLoopGroup boss() {
        return boss;
    }

    @Override
    public CompletionStage<?> drain(Collection<Channel> connections) {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        thread("drain", () -> {
            try {
                drainNow(connections);
                CompletableFuture.allOf(
                                connections.stream().map(GracefulServer::closed).toArray(CompletableFuture<?>[]::new))
                        .thenRun(() -> ended.complete(null));
            } catch (Throwable t) { // the drain waits for an answer
                ended.completeExceptionally(t);
            }
        });
        return ended;
    }

    private void drainNow(Collection<Channel> connections) throws InterruptedException {
        if (health != null) {
            health.leave(getServices());
        }
        beforeGoAway.forEach(GracefulServer::run);
        Negotiations.await(connections, mostNegotiation, () -> forced);
        // As Server.shutdown() does to each of them: GOAWAY, and the streams run on. But that server could not serve
        // again.
        connections.forEach(Channel::close);
        afterGoAway.forEach(GracefulServer::run);
    }

    private static CompletableFuture<Void> closed(Channel connection) {
        CompletableFuture<Void> closed = new CompletableFuture<>();
        connection.closeFuture().addListener(future -> closed.complete(null));
        return closed;
    }

    @Override
    public void resume() {
        if (health != null) {
            health.comeBack();
        }
    }

    @Override
    public CompletionStage<?> end() {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        thread("end", () -> {
            try {
                if (health != null) {
                    health.end();
                }
                shutdown();
                awaitTermination();
                ended.complete(null);
            } catch (Throwable t) { // the drain waits for an answer
                ended.completeExceptionally(t);
            }
        });
        return ended;
    }

    @Override
    public void force() {
        forced = true;
        thread("force", this::shutdownNow); // it waits for the listeners to be closed
    }

    private static void run(Runnable action) {
        try {
            action.run();
        } catch (Throwable t) {
            LOGGER.warn("graceful-netty: {} failed, the drain goes on", action, t);
        }
    }

    @Override
    public Server start() throws IOException {
        try {
            plain().start();
        } catch (IOException | RuntimeException e) {
            endLoops();
            throw e;
        }
        return this;
    }

    @Override
    public Server shutdown() {
        plain().shutdown();
        endLoopsWhenTerminated();
        return this;
    }

    @Override
    public Server shutdownNow() {
        plain().shutdownNow();
        endLoopsWhenTerminated();
        return this;
    }

    private void endLoopsWhenTerminated() {
        if (!endingLoops.compareAndSet(false, true)) {
            return;
        }
        thread("termination", () -> {
            try {
                plain().awaitTermination();
            } catch (InterruptedException e) {
                LOGGER.debug("graceful-netty: interrupted while {} terminates", this);
            }
            endLoops();
        });
    }

    void endLoops() {
        boss.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        workers.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private static void thread(String purpose, Runnable action) {
        Thread thread = new Thread(action, "graceful-grpc-" + purpose);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public int getPort() {
        return plain().getPort();
    }

    @Override
    public List<? extends SocketAddress> getListenSockets() {
        return plain().getListenSockets();
    }

    @Override
    public List<ServerServiceDefinition> getServices() {
        return plain().getServices();
    }

    @Override
    public List<ServerServiceDefinition> getImmutableServices() {
        return plain().getImmutableServices();
    }

    @Override
    public List<ServerServiceDefinition> getMutableServices() {
        return plain().getMutableServices();
    }

    @Override
    public boolean isShutdown() {
        return plain().isShutdown();
    }

    @Override
    public boolean isTerminated() {
        return plain().isTerminated();
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
        return plain().awaitTermination(timeout, unit);
    }

    @Override
    public void awaitTermination() throws InterruptedException {
        plain().awaitTermination();
    }

    @Override
    public String toString() {
        return plain().toString();
    }
}
