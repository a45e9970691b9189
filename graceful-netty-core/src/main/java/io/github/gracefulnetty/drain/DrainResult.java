// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.drain;

import java.time.Duration;

/**
 * What became of the connections.
 *
 * @param connections how many were open when the drain began
 * @param moved how many of them the successor took over
 * @param forced how many of them were closed at the deadline
 * @param took how long it took
 */
public record DrainResult(int connections, int moved, int forced, Duration took) {}
