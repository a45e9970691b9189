// SPDX-License-Identifier: Apache-2.0
/** What accepting a connection costs, against a plain {@code ServerBootstrap}. */
@NullMarked
package io.github.gracefulnetty.benchmarks.accept;

import org.jspecify.annotations.NullMarked;
