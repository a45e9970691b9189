// SPDX-License-Identifier: Apache-2.0
/** A Vert.x server that is replaced under load. */
@NullMarked
package io.github.gracefulnetty.examples.vertx;

import org.jspecify.annotations.NullMarked;
