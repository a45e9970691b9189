// SPDX-License-Identifier: Apache-2.0
@NullMarked
package io.github.gracefulnetty.vertx;

import org.jspecify.annotations.NullMarked;
