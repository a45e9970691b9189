// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.process.Deployment;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/** What a process that serves does for its next upgrade, while nobody waits for it. On the control loop. */
public final class Upkeep {
    /** By then the application is past its own start, and hardly anybody has asked for an upgrade. */
    private static final Duration PRELOAD_AFTER = Duration.ofMillis(500);

    /** How long after its first bind an application may take to say that it is ready, before it is reminded. */
    private static final Duration READY_WITHIN = Duration.ofSeconds(20);

    /** How soon a handoff path that somebody has removed is there again. */
    private static final Duration TEND_EVERY = Duration.ofSeconds(30);

    private final Parts parts;
    private final HandoffEndpoint endpoint;
    private final AtomicBoolean reminded = new AtomicBoolean();
    private boolean warned;

    Upkeep(Parts parts, HandoffEndpoint endpoint) {
        this.parts = parts;
        this.endpoint = endpoint;
    }

    /** This process serves from now on. */
    void begin() {
        parts.control().schedule(() -> preloadWhenQuiet(0), PRELOAD_AFTER);
        parts.control().schedule(this::tend, PRELOAD_AFTER);
        Guard.quietly(Deployment::ofThisProcess); // not before: somebody waited for this process
    }

    /** Connections that move here come first. */
    private void preloadWhenQuiet(int hadMoved) {
        int moved = parts.migration().movedHere();
        if (moved == hadMoved) {
            preload();
        } else {
            parts.control().schedule(() -> preloadWhenQuiet(moved), PRELOAD_AFTER);
        }
    }

    private void preload() {
        if (Preload.begin(() -> Deployment.ofThisProcess().noteAll()).isCompletedExceptionally()) {
            parts.control().schedule(this::preload, TEND_EVERY);
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

    /** A socket was bound: somebody has to say ready() sooner or later. On any thread. */
    void opened() {
        if (reminded.compareAndSet(false, true)) {
            try {
                parts.control().schedule(this::remind, READY_WITHIN);
            } catch (RejectedExecutionException e) {
                LOGGER.debug("graceful-netty: bound in a process that has ended", e);
            }
        }
    }

    private void remind() {
        Phase phase = parts.phases().current();
        if (phase instanceof Phase.Starting || phase instanceof Phase.Initialising) {
            List<Description> unclaimed = parts.register().unclaimedSockets();
            LOGGER.warn(
                    "graceful-netty: ready() has not been called {} s after the first bind: until it is, {}; listeners {}{}",
                    READY_WITHIN.toSeconds(),
                    phase instanceof Phase.Starting
                            ? "this process cannot be upgraded"
                            : "the predecessor serves, and gives up in the end",
                    parts.register().describe(),
                    unclaimed.isEmpty() ? "" : ", inherited and not bound so far: " + unclaimed);
        }
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
