// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Native event-loop groups that stand in for NIO groups which an application made. A twin has as many threads, is shared
 * by all bootstraps that name the same NIO group, and ends when that one does.
 */
public final class NativeTwins {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(NativeTwins.class);
    private static final Map<EventLoopGroup, EventLoopGroup> TWINS = new WeakHashMap<>();
    private static final long SHUTDOWN_SECONDS = 5;

    private NativeTwins() {}

    /**
     * The twin of {@code group}; made when it is asked for first.
     *
     * @throws java.io.UncheckedIOException if there can be none, for want of descriptors for instance; it says why
     */
    public static EventLoopGroup of(EventLoopGroup group, NativeTransport transport) {
        synchronized (TWINS) {
            return TWINS.computeIfAbsent(group, nio -> make(nio, transport));
        }
    }

    private static EventLoopGroup make(EventLoopGroup nio, NativeTransport transport) {
        int threads = 0;
        for (EventExecutor ignored : nio) {
            threads++;
        }
        int size = threads;
        EventLoopGroup twin = NativeCalls.unchecked(
                () -> transport.newGroup(size, new DefaultThreadFactory("graceful-netty-" + transport.name())));
        LOGGER.info(
                "graceful-netty: {} loops stand in for {} NIO loops, whose sockets cannot be handed over",
                transport.name(),
                threads);
        // Whoever shuts the NIO group down, with a quiet period of their choice, means this one, too.
        nio.terminationFuture().addListener(ended -> twin.shutdownGracefully(0, SHUTDOWN_SECONDS, TimeUnit.SECONDS));
        return twin;
    }
}
