// SPDX-License-Identifier: Apache-2.0
/** Measurements: what accepting and what restarting costs. Not published. */
@NullMarked
package io.github.gracefulnetty.benchmarks;

import org.jspecify.annotations.NullMarked;
