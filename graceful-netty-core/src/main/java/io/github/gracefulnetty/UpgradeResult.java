// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * A successful upgrade, as its predecessor sees it.
 *
 * @param successorPid the process that serves now
 * @param generation the successor's generation; the first process of all is generation 1
 * @param took from the request, or from the successor's first word if it was started by somebody else, until it served
 * @param confirmed completes when the successor has passed its probation and nothing is taken back any more; with a
 *     {@link io.github.gracefulnetty.handoff.HandoffException} if this process had to take everything back, and serves
 *     again. Dependent actions run on a thread that they may block
 */
public record UpgradeResult(long successorPid, int generation, Duration took, CompletableFuture<Void> confirmed) {}
