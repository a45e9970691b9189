// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import java.util.function.Consumer;

/** Tells the user of a transfer that it has failed: once, and whatever the user makes of it. On one event loop. */
final class Failure {
    private final Consumer<String> user;
    private boolean told;

    Failure(Consumer<String> user) {
        this.user = user;
    }

    boolean isTold() {
        return told;
    }

    /** Says why, unless something was said before. Never throws: what the user throws is logged. */
    void tell(String reason) {
        if (told) {
            return;
        }
        told = true;
        try {
            user.accept(reason);
        } catch (Throwable t) {
            LOGGER.error("graceful-netty: {}; and nobody could be told", reason, t);
        }
    }
}
