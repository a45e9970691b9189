// SPDX-License-Identifier: Apache-2.0
/** How long an upgrade takes, against a plain start. */
@NullMarked
package io.github.gracefulnetty.benchmarks.restart;

import org.jspecify.annotations.NullMarked;
