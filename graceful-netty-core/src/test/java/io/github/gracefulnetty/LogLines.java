// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.internal.process.Log;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What is logged for users, from when this is made until it is closed. */
public final class LogLines extends Handler implements AutoCloseable {
    private final Logger logger = Logger.getLogger(Log.NAME);
    private final List<String> lines = new CopyOnWriteArrayList<>();

    public LogLines() {
        logger.addHandler(this);
    }

    /** So far. */
    public List<String> lines() {
        return List.copyOf(lines);
    }

    @Override
    public void publish(LogRecord record) {
        lines.add(record.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        logger.removeHandler(this);
    }
}
