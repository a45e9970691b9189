// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.wire.Token;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What a predecessor tells the successor that it starts, in one environment variable: its process id, a secret that shows
 * that this is the process it started, and where to connect.
 */
record PredecessorTicket(long pid, Token token, Path path) {
    static final String VARIABLE = "GRACEFUL_NETTY_PREDECESSOR";

    private static final AtomicBoolean TAKEN = new AtomicBoolean();

    /**
     * The ticket of this process, once in its life. It counts only for a direct child: Java cannot remove the variable
     * from its own environment, so that grandchildren find it, too.
     */
    static Optional<PredecessorTicket> take() {
        String value = System.getenv(VARIABLE);
        if (value == null || !TAKEN.compareAndSet(false, true)) {
            return Optional.empty();
        }
        Optional<ProcessHandle> parent = ProcessHandle.current().parent();
        PredecessorTicket ticket = parse(value);
        return ticket != null && parent.isPresent() && parent.get().pid() == ticket.pid()
                ? Optional.of(ticket)
                : Optional.empty();
    }

    static @Nullable PredecessorTicket parse(String value) {
        String[] parts = value.split(":", 3);
        try {
            return parts.length == 3
                    ? new PredecessorTicket(Long.parseLong(parts[0]), Token.parse(parts[1]), Path.of(parts[2]))
                    : null;
        } catch (IllegalArgumentException e) {
            throw new HandoffException(VARIABLE + " was not written by graceful-netty: unset it", e);
        }
    }

    void putInto(Map<String, String> environment) {
        environment.put(VARIABLE, pid + ":" + token.hex() + ":" + path);
    }

    @Override
    public String toString() {
        return "predecessor " + pid + " at unix:" + path;
    }
}
