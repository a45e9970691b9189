// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

/** Tells the user of a transfer that it has failed: once, and whatever the user makes of it. On one event loop. */
final class Failure {
    /** Who hears of it. On the event loop. */
    interface Listener {
        /** It is over, and why. */
        void failed(String reason);
    }

    private final Listener user;
    private boolean told;

    Failure(Listener user) {
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
            user.failed(reason);
        } catch (Throwable t) {
            LOGGER.error("graceful-netty: {}; and nobody could be told", reason, t);
        }
    }
}
