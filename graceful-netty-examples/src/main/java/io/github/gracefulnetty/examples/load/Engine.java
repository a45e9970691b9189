// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Runs the callers of one load on one event loop, to which all of it is confined after construction. */
final class Engine {

    /** Over which the first connects of paced clients are spread, at most. */
    private static final long MAX_SPREAD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final EventLoop loop;
    private final Recorder recorder;
    private final Bootstrap bootstrap;
    private final long limitNanos;
    private final List<Caller> callers = new ArrayList<>();
    private final List<ByteBuf> requests = new ArrayList<>();
    private final CompletableFuture<LoadResult> result = new CompletableFuture<>();
    private int running;
    private boolean stopping;
    private @Nullable ScheduledFuture<?> watch;

    Engine(EventLoop loop, InetSocketAddress address, Recorder recorder, Duration stuckLimit) {
        this.loop = loop;
        this.recorder = recorder;
        this.limitNanos = stuckLimit.toNanos();
        this.bootstrap = new Bootstrap()
                .group(loop)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) stuckLimit.toMillis())
                .remoteAddress(address);
    }

    void start(List<Profile> profiles, String defaultPath, String host) {
        for (Profile profile : profiles) {
            String path = profile.path() == null ? defaultPath : profile.path();
            ByteBuf request = Unpooled.directBuffer()
                    .writeBytes(("GET " + path + " HTTP/1.1\r\nHost: " + host
                                    + (profile.keepAlive() ? "" : "\r\nConnection: close") + "\r\n\r\n")
                            .getBytes(US_ASCII));
            requests.add(request);
            long spread = Math.min(MAX_SPREAD_NANOS, profile.thinkTime().toNanos());
            for (int index = 0; index < profile.clients(); index++) {
                Caller caller = new Caller(profile, request, this, recorder);
                callers.add(caller);
                caller.start(spread / profile.clients() * index);
            }
        }
        running = callers.size();
        long period = Math.max(1, Math.min(limitNanos / 20, TimeUnit.MILLISECONDS.toNanos(250)));
        watch = loop.scheduleWithFixedDelay(this::check, period, period, TimeUnit.NANOSECONDS);
    }

    private void check() {
        long now = System.nanoTime();
        callers.forEach(caller -> caller.check(now, limitNanos));
    }

    void connect(Connection connection) {
        bootstrap.clone().handler(connection).connect().addListener((ChannelFutureListener) connection::connected);
    }

    ScheduledFuture<?> schedule(Runnable task, long delayNanos) {
        return loop.schedule(task, delayNanos, TimeUnit.NANOSECONDS);
    }

    boolean stopping() {
        return stopping;
    }

    /** Lets what is in flight finish. */
    void stop() {
        if (!stopping) {
            stopping = true;
            running++; // a caller that finishes at once must not end it before all have been told
            callers.forEach(Caller::stop);
            done();
        }
    }

    /** One caller has finished. */
    void done() {
        if (--running == 0) {
            if (watch != null) {
                watch.cancel(false);
            }
            requests.forEach(ByteBuf::release);
            result.complete(recorder.result());
        }
    }

    /** Complete when the last caller has finished after {@link #stop()}. */
    CompletableFuture<LoadResult> result() {
        return result;
    }
}
