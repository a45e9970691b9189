// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.internal.connections.Drain;
import io.github.gracefulnetty.internal.connections.DrainResult;
import java.util.concurrent.CompletableFuture;

/**
 * What a process that has been replaced has to do still: watch its successor, and drain.
 *
 * @param handover the upgrade that it comes from
 * @param successor who serves
 * @param watch over the successor
 * @param drain held until the successor is confirmed
 * @param acknowledged completes when a confirmed successor has closed what it has no use for
 * @param hurry completes when the drain has to end at once
 * @param drained completes when the drain is over
 */
record Departure(
        Handover handover,
        Replacement successor,
        ProbationWatch watch,
        Drain drain,
        CompletableFuture<Void> acknowledged,
        CompletableFuture<Void> hurry,
        CompletableFuture<DrainResult> drained) {
    /** Ends the drain at once. */
    void hurryUp() {
        hurry.complete(null);
        drain.finishNow();
    }
}
