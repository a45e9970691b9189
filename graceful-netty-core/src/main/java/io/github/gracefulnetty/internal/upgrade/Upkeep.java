// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.upgrade.Log.LOGGER;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** What a process that serves does for its next upgrade, while nobody waits for it. On the control loop. */
public final class Upkeep {
    /** By then the application is past its own start, and hardly anybody has asked for an upgrade. */
    private static final Duration PRELOAD_AFTER = Duration.ofMillis(500);

    /** How soon a handoff path that somebody has removed is there again. */
    private static final Duration TEND_EVERY = Duration.ofSeconds(30);

    private final Parts parts;
    private final HandoffEndpoint endpoint;
    private boolean warned;

    Upkeep(Parts parts, HandoffEndpoint endpoint) {
        this.parts = parts;
        this.endpoint = endpoint;
    }

    /** This process serves from now on. */
    void begin() {
        parts.control().schedule(() -> preloadWhenQuiet(0), PRELOAD_AFTER);
        parts.control().schedule(this::tend, PRELOAD_AFTER);
    }

    /** Connections that move here come first. */
    private void preloadWhenQuiet(int hadMoved) {
        int moved = parts.migration().movedHere();
        if (moved == hadMoved) {
            Preload.begin();
        } else {
            parts.control().schedule(() -> preloadWhenQuiet(moved), PRELOAD_AFTER);
        }
    }

    private void tend() {
        endpoint.removeOrphans();
        tendPath();
    }

    private void tendPath() {
        Phase phase = parts.phases().current();
        if (phase instanceof Phase.Serving) {
            Guard.quietly(endpoint::heal);
        }
        if (!(phase instanceof Phase.Exited) && !(phase instanceof Phase.Failed)) {
            parts.control().schedule(this::tendPath, TEND_EVERY);
        }
    }

    /** Looks after the handoff path at once. On any thread. */
    public CompletableFuture<Void> tendNow() {
        CompletableFuture<Void> over = new CompletableFuture<>();
        parts.onControl(
                () -> {
                    endpoint.removeOrphans();
                    endpoint.heal();
                    over.complete(null);
                },
                over);
        return over;
    }

    /** A socket was bound after this process said that it is ready. */
    void openedLate() {
        Phase phase = parts.phases().current();
        if (!warned && phase instanceof Phase.Serving serving && serving.trial().isEmpty()) {
            warned = true;
            LOGGER.warn(
                    "graceful-netty: a listener was bound after ready(): a successor that does the same has to bind it"
                            + " before its probation is over, or it is closed; bind it before ready(). Listeners: {}",
                    parts.register().describe());
        }
    }
}
