// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor.spring;

import io.github.gracefulnetty.ExitReport;
import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.handoff.HandoffException;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.Ordered;

/**
 * Ties the two lives together. The application is ready: so is this process, after all other listeners of that event. It
 * has handed over and is drained: the context is closed, the JVM exits. The context is closed first, for instance by TERM:
 * the connections are drained before the web server stops.
 */
final class GracefulLifecycle implements SmartLifecycle, ApplicationListener<ApplicationReadyEvent>, Ordered {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(GracefulLifecycle.class);

    /** Before the web server's graceful shutdown (1024 below the default), which is the first to close connections. */
    private static final int PHASE = DEFAULT_PHASE - 512;

    private final Graceful graceful;
    private final ConfigurableApplicationContext context;
    private final boolean exitJvm;
    private final GracefulEnding ending;
    private volatile boolean running;

    GracefulLifecycle(
            Graceful graceful, ConfigurableApplicationContext context, boolean exitJvm, GracefulEnding ending) {
        this.graceful = graceful;
        this.context = context;
        this.exitJvm = exitJvm;
        this.ending = ending;
    }

    /** Fails the start of the application if the predecessor has given up on it. */
    @Override
    public void onApplicationEvent(ApplicationReadyEvent event) {
        if (event.getApplicationContext() != context) {
            return;
        }
        try {
            graceful.ready().join();
        } catch (CompletionException e) {
            ending.refused();
            throw e.getCause() instanceof HandoffException cause ? cause : e;
        }
        LOGGER.info("graceful-netty: serving as generation {}", graceful.generation());
        graceful.exitFuture().whenComplete(this::exited);
    }

    /** On a thread of graceful-netty, which must not be blocked. */
    private void exited(@Nullable ExitReport report, @Nullable Throwable failure) {
        if (running && !ending.hasFailed()) { // nobody else closes the context
            new Thread(() -> end(failure), "graceful-netty-exit").start();
        }
    }

    private void end(@Nullable Throwable failure) {
        if (failure != null) {
            LOGGER.error("graceful-netty: this process cannot go on", failure);
        }
        int status = SpringApplication.exit(context, () -> failure == null ? 0 : 1);
        if (exitJvm) {
            System.exit(status);
        }
    }

    @Override
    public void start() {
        running = true;
    }

    /** Blocks until the connections are drained: the drain timeout is the limit, not that of a phase. */
    @Override
    public void stop() {
        running = false;
        ending.stop(graceful);
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Since Spring 7 contexts are paused in tests. There is no way back from a stop. */
    @SuppressWarnings("MissingOverride") // older Springs have no such method
    public boolean isPauseable() {
        return false;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }

    @Override
    public int getOrder() {
        return LOWEST_PRECEDENCE;
    }
}
