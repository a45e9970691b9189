// SPDX-License-Identifier: Apache-2.0
/** What the Vert.x integration promises, with real processes. */
@NullMarked
package io.github.gracefulnetty.examples.vertx;

import org.jspecify.annotations.NullMarked;
