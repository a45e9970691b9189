// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import java.time.Duration;

/**
 * A successful upgrade, as its predecessor sees it.
 *
 * @param successorPid the process that serves now
 * @param generation the successor's generation; the first process of all is generation 1
 * @param took from the request, or from the successor's first word if it was started by somebody else, until it served
 */
public record UpgradeResult(long successorPid, int generation, Duration took) {}
