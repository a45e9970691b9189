// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringBootExceptionReporter;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.AbstractApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Hears of each failed start, and leaves it to others to report it. There is no event if a listener of {@code
 * ApplicationReadyEvent} fails. Spring Boot makes one of it when a start has failed.
 */
@Order(Ordered.HIGHEST_PRECEDENCE) // the first one that reports it is the last one
final class StartFailureReporter implements SpringBootExceptionReporter {
    private final @Nullable ConfigurableApplicationContext context;

    /** @param context none if there was no time to make it */
    StartFailureReporter(@Nullable ConfigurableApplicationContext context) {
        this.context = context;
    }

    @Override
    public boolean reportException(Throwable failure) {
        if (context instanceof AbstractApplicationContext known) {
            // Beans may have been destroyed, listeners have not.
            known.getApplicationListeners().stream()
                    .filter(GracefulEnding.Events.class::isInstance)
                    .forEach(events -> ((GracefulEnding.Events) events).startFailed(failure));
        }
        return false;
    }
}
