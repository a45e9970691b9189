// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A running load on one address that never retries and accounts for every request, see {@link LoadResult}. It lives on
 * one event loop thread, so it uses one core at most; its methods may be called from any other thread.
 */
public final class StrictClient implements AutoCloseable {

    private static final Duration MARGIN = Duration.ofSeconds(10);

    private final EventLoopGroup group;
    private final Engine engine;
    private final Recorder recorder;
    private final Duration stuckLimit;
    private final long startNanos;

    private StrictClient(Builder builder, InetSocketAddress address) {
        group = newEventLoop();
        stuckLimit = builder.stuckLimit;
        startNanos = System.nanoTime();
        recorder = new Recorder(Instant.now(), startNanos, builder.bucketWidth);
        engine = new Engine(group.next(), address, recorder, stuckLimit);
    }

    @SuppressWarnings("deprecation") // deprecated in Netty 4.2, but what replaces it is not in 4.1
    private static EventLoopGroup newEventLoop() {
        return new NioEventLoopGroup(1, new DefaultThreadFactory("strict-client", true));
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Time since the load began, on the clock of {@link Timeline} and {@link Incident#at()}. */
    public Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }

    /** The accounts now; after the end of the load, the final ones. */
    public LoadResult snapshot() {
        CompletableFuture<LoadResult> snapshot = new CompletableFuture<>();
        boolean ended = engine.result().isDone() || !tryExecute(() -> snapshot.complete(recorder.result()));
        return await(ended ? engine.result() : snapshot);
    }

    /**
     * Ends the load: requests in flight get their responses or are stuck, then all connections are closed. Further calls
     * return the same result.
     *
     * @throws IllegalStateException when that does not happen within the limit, which is a bug
     */
    public LoadResult stop() {
        tryExecute(engine::stop);
        LoadResult result = await(engine.result());
        group.shutdownGracefully(0, MARGIN.toMillis(), TimeUnit.MILLISECONDS).awaitUninterruptibly();
        return result;
    }

    /** False when the load, and so the event loop, has ended. */
    private boolean tryExecute(Runnable task) {
        try {
            group.next().execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    /** Ends the load and drops the result. */
    @Override
    public void close() {
        stop();
    }

    private LoadResult await(CompletableFuture<LoadResult> result) {
        try {
            return result.get(stuckLimit.plus(MARGIN).toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the load did not end", e);
        }
    }

    /** What to send where. Not thread-safe. */
    public static final class Builder {

        private final List<Profile> profiles = new ArrayList<>();
        private InetSocketAddress address = InetSocketAddress.createUnresolved("unset", 0);
        private String path = "/";
        private Duration stuckLimit = Duration.ofSeconds(20);
        private Duration bucketWidth = Duration.ofMillis(100);

        private Builder() {}

        /** The server; must be resolved. */
        public Builder address(InetSocketAddress address) {
            this.address = address;
            return this;
        }

        /** See {@link Profile#busy}. */
        public Builder busy(int clients) {
            return profile(Profile.busy(clients));
        }

        /** See {@link Profile#paced}. */
        public Builder paced(int clients, Duration thinkTime) {
            return profile(Profile.paced(clients, thinkTime));
        }

        /** See {@link Profile#fresh}; without a pause. */
        public Builder fresh(int clients) {
            return fresh(clients, Duration.ZERO);
        }

        /** See {@link Profile#fresh}. */
        public Builder fresh(int clients, Duration thinkTime) {
            return profile(Profile.fresh(clients, thinkTime));
        }

        /** Adds clients. */
        public Builder profile(Profile profile) {
            profiles.add(profile);
            return this;
        }

        /** The request target of all profiles that have none of their own; the default is {@code /}. */
        public Builder path(String path) {
            this.path = path;
            return this;
        }

        /** How long to wait for a response, or for a connection; 20 s unless set. */
        public Builder stuckLimit(Duration stuckLimit) {
            this.stuckLimit = stuckLimit;
            return this;
        }

        /** Of the timeline; 100 ms unless set. */
        public Builder bucketWidth(Duration bucketWidth) {
            this.bucketWidth = bucketWidth;
            return this;
        }

        /** Begins the load and returns at once. */
        public StrictClient start() {
            if (address.isUnresolved()) {
                throw new IllegalStateException("address is not set or not resolved: " + address);
            }
            if (profiles.stream().mapToInt(Profile::clients).sum() == 0) {
                throw new IllegalStateException("no clients");
            }
            StrictClient client = new StrictClient(this, address);
            String host = address.getHostString() + ':' + address.getPort();
            client.group.next().execute(() -> client.engine.start(List.copyOf(profiles), path, host));
            return client;
        }
    }
}
