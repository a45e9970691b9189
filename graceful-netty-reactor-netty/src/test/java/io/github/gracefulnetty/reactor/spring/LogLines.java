// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor.spring;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** What one logger logs in this JVM, until it is closed. Spring Boot resets all loggers when an application starts. */
final class LogLines extends AppenderBase<ILoggingEvent> implements AutoCloseable {
    private final Logger logger;
    private final List<String> lines = new CopyOnWriteArrayList<>();

    LogLines(String name) {
        logger = (Logger) LoggerFactory.getLogger(name);
        listen();
    }

    /** Now, and until an application starts. */
    void listen() {
        logger.detachAppender(this);
        setContext(logger.getLoggerContext());
        start();
        logger.addAppender(this);
    }

    List<String> containing(String text) {
        return lines.stream().filter(line -> line.contains(text)).toList();
    }

    @Override
    protected void append(ILoggingEvent event) {
        lines.add(event.getFormattedMessage());
    }

    @Override
    public void close() {
        logger.detachAppender(this);
    }
}
