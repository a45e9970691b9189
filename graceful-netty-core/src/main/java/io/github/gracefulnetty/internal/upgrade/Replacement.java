// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.internal.process.OtherProcess;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Who serves in the place of this process.
 *
 * @param pid the successor's
 * @param generation the successor's
 * @param took from the request, or the successor's first word, until it served
 * @param confirmed completes when nothing can be taken back any more; fails if this process serves again
 */
public record Replacement(long pid, int generation, Duration took, CompletableFuture<Void> confirmed) {
    @Override
    public String toString() {
        return "successor " + OtherProcess.describe(pid) + " (generation " + generation + ")";
    }
}
