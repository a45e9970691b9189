// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.DefaultEventLoopGroup;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The one thread on which a runtime decides, and the owner of the channels that live there: the handoff socket and the
 * connections of handoffs.
 */
public final class ControlLoop {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(HandoffServer.LOGGER_NAME);

    private static final long SHUTDOWN_SECONDS = 5;

    private final @Nullable EventLoopGroup group;
    private final EventLoop loop;
    private final Set<Channel> channels = new HashSet<>();

    /** Starts no thread before there is something to do. */
    public ControlLoop(@Nullable NativeTransport transport) {
        ThreadFactory threads = new DefaultThreadFactory("graceful-netty-control", true);
        this.group = transport == null ? plainGroup(threads) : transport.newGroup(1, threads);
        this.loop = group.next();
    }

    private ControlLoop(EventLoop loop) {
        this.group = null;
        this.loop = loop;
    }

    /** On somebody else's loop, which goes on when this one is shut down. */
    public static ControlLoop on(EventLoop loop) {
        return new ControlLoop(loop);
    }

    @SuppressWarnings("deprecation") // the only group without I/O that both Netty lines have
    private static EventLoopGroup plainGroup(ThreadFactory threads) {
        return new DefaultEventLoopGroup(1, threads);
    }

    public EventLoop loop() {
        return loop;
    }

    /** Registers {@code channel}, and closes it at the latest when this loop ends. On the loop. */
    public void register(Channel channel) {
        channels.add(channel);
        channel.closeFuture().addListener(closed -> channels.remove(channel));
        loop.register(channel);
    }

    /** @throws java.util.concurrent.RejectedExecutionException if the loop has ended */
    public void execute(Runnable action) {
        loop.execute(action);
    }

    /** Runs {@code action} on the loop after {@code delay}, unless the loop has ended by then. What it throws is logged. */
    public ScheduledFuture<?> schedule(Runnable action, Duration delay) {
        return loop.schedule(() -> runLogged(action), delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Netty would keep what it throws in a future that nobody looks at. */
    private static void runLogged(Runnable action) {
        try {
            action.run();
        } catch (Throwable t) {
            LOGGER.error("graceful-netty: what was due has failed", t);
        }
    }

    /**
     * Ends the loop after what is under way, and closes the channels that are left. On the loop. They are not left to the
     * loop: Netty 4.2 does not close its channels when it is shut down by one of its own tasks.
     *
     * @return when the thread has ended
     */
    public Future<?> shutDown() {
        Set.copyOf(channels).forEach(Channel::close);
        return group == null
                ? loop.newSucceededFuture(null)
                : group.shutdownGracefully(0, SHUTDOWN_SECONDS, TimeUnit.SECONDS);
    }
}
