// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor.spring;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.ServerChannels;
import io.github.gracefulnetty.handoff.HandoffException;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.springframework.beans.factory.config.DestructionAwareBeanPostProcessor;
import org.springframework.boot.context.event.ApplicationStartedEvent;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.event.ContextClosedEvent;

/**
 * Stops the {@link Graceful} of an application, and tells it why the application could not start. Where a start fails,
 * Spring stops and destroys all beans first, and Spring Boot says why afterwards. So a stop waits for that: a predecessor
 * hears only the first reason.
 */
final class GracefulEnding implements DestructionAwareBeanPostProcessor {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(GracefulEnding.class);

    /** Of Spring Boot, before anything else is made: it is Boot that starts this application, and says if it cannot. */
    private static final String ARGUMENTS = "springApplicationArguments";

    private final ConfigurableApplicationContext context;
    private final Duration beyond;
    private final boolean causeFollows;
    private final CopyOnWriteArrayList<Graceful> all = new CopyOnWriteArrayList<>();
    private final List<Graceful> stopped = new CopyOnWriteArrayList<>();
    private volatile boolean starting = true;
    private volatile boolean refused;
    private volatile boolean failed;

    /** @param beyond how long, beyond the drain timeout, a stop may take */
    GracefulEnding(ConfigurableApplicationContext context, Duration beyond) {
        this.context = context;
        this.beyond = beyond;
        this.causeFollows = context.getBeanFactory().containsSingleton(ARGUMENTS);
        context.addApplicationListener(new Events());
    }

    /** What happens to the application. No bean: those are destroyed before {@link StartFailureReporter} hears of it. */
    final class Events implements ApplicationListener<ApplicationEvent> {
        @Override
        public void onApplicationEvent(ApplicationEvent event) {
            if ((event instanceof ContextClosedEvent closed && closed.getApplicationContext() == context)
                    || (event instanceof ApplicationStartedEvent started
                            && started.getApplicationContext() == context)) {
                starting = false;
            }
        }

        void startFailed(Throwable cause) {
            GracefulEnding.this.startFailed(cause);
        }
    }

    private void startFailed(Throwable cause) {
        failed = true;
        for (Graceful graceful : all) {
            if (!refused && graceful.generation() > 1) { // else there is nobody to be told
                graceful.fail(cause);
            }
        }
        if (starting) { // otherwise the context is closed next
            starting = false;
            all.forEach(this::stop);
        }
    }

    /** The predecessor does not let this process serve, and knows why. */
    void refused() {
        refused = true;
    }

    boolean hasFailed() {
        return failed;
    }

    /** Blocks until the connections are drained, but not for ever; at once if the cause of a failed start is yet to come. */
    void stop(Graceful graceful) {
        if (starting && causeFollows) {
            all.addIfAbsent(graceful); // it may be of a context above this one
            return;
        }
        if (stopped.contains(graceful)) {
            return;
        }
        stopped.add(graceful);
        Duration limit = ServerChannels.of(graceful).drainTimeout().plus(beyond);
        try {
            graceful.stop().get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            LOGGER.error(
                    "graceful-netty: told to stop {} ms ago and not drained, something blocks: the application ends without"
                            + " waiting any longer",
                    limit.toMillis());
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof HandoffException)) { // of which it was told
                LOGGER.warn("graceful-netty: the connections were not drained", e.getCause());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        if (bean instanceof Graceful graceful) {
            all.addIfAbsent(graceful);
        }
        return bean;
    }

    @Override
    public boolean requiresDestruction(Object bean) {
        return bean instanceof Graceful;
    }

    @Override
    public void postProcessBeforeDestruction(Object bean, String name) {
        if (bean instanceof Graceful graceful) {
            stop(graceful);
        }
    }
}
