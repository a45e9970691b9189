// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;

/** Waits for conditions, never for time to pass. The limit only ends what would never end. */
public final class Await {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final Duration POLL = Duration.ofMillis(25);

    private Await() {}

    /** Waits until {@code condition} is true; what it throws ends the wait. */
    public static void until(String what, Callable<Boolean> condition) {
        Awaitility.await(what)
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(POLL)
                .until(condition);
    }

    /** Waits until {@code assertion} holds; it tells what was wrong when it never does. */
    public static void untilAsserted(String what, ThrowingRunnable assertion) {
        Awaitility.await(what)
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(POLL)
                .untilAsserted(assertion);
    }
}
