// SPDX-License-Identifier: Apache-2.0
/** Vert.x servers whose listeners outlive the process; see {@link io.github.gracefulnetty.vertx.GracefulVertx}. */
@NullMarked
package io.github.gracefulnetty.vertx;

import org.jspecify.annotations.NullMarked;
