// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.DefaultEventLoopGroup;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The one thread on which a runtime decides, and the owner of the channels that live there: the handoff socket and the
 * connections of handoffs.
 */
public final class ControlLoop {
    private static final long SHUTDOWN_SECONDS = 5;

    private final @Nullable EventLoopGroup group;
    private final EventLoop loop;
    private final Set<Channel> channels = new HashSet<>();
    private volatile Consumer<Throwable> trouble =
            failure -> LOGGER.error("graceful-netty: unexpected: {}", Reasons.of(failure), failure);

    /**
     * Starts no thread before there is something to do.
     *
     * @throws IOException if the transport can have no event loop, for want of descriptors for instance; it says why
     */
    public ControlLoop(@Nullable NativeTransport transport) throws IOException {
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

    /** Who is told, on the loop, when a task has failed; without, it is logged. To be set before there are any. */
    public void onTrouble(Consumer<Throwable> action) {
        trouble = action;
    }

    /** The barrier: a task that fails ends nothing but itself, and whoever decides here is told. */
    private final class Task implements Runnable {
        private final Runnable action;

        Task(Runnable action) {
            this.action = action;
        }

        @Override
        public void run() {
            try {
                action.run();
            } catch (Throwable t) {
                tell(t);
            }
        }
    }

    /** The loop goes on whatever comes of this: what has a deadline ends by that. */
    private void tell(Throwable failure) {
        try {
            trouble.accept(failure);
        } catch (Throwable t) {
            if (t != failure) { // the JVM may throw one OutOfMemoryError twice
                failure.addSuppressed(t);
            }
        }
    }

    /** Completes, on some thread, when {@code work} has, in whatever way; or after {@code limit}, if that takes longer. */
    public CompletableFuture<Void> within(Duration limit, CompletableFuture<?> work) {
        CompletableFuture<Void> over = new CompletableFuture<>();
        // Not a timer of the JDK's: that would need a thread, and there may be no room for one.
        ScheduledFuture<?> patience = schedule(() -> over.complete(null), limit);
        work.whenComplete((result, failure) -> {
            patience.cancel(false);
            over.complete(null);
        });
        return over;
    }

    /** @throws java.util.concurrent.RejectedExecutionException if the loop has ended */
    public void execute(Runnable action) {
        loop.execute(new Task(action));
    }

    /** Runs {@code action} on the loop after {@code delay}, unless the loop has ended by then. What it throws is logged. */
    public ScheduledFuture<?> schedule(Runnable action, Duration delay) {
        return loop.schedule(new Task(action), delay.toNanos(), TimeUnit.NANOSECONDS);
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
