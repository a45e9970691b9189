// SPDX-License-Identifier: Apache-2.0
/** Two processes that share a listener, a connection, a file and a pipe: the descriptor toolkit by itself. */
@NullMarked
package io.github.gracefulnetty.examples.share;

import org.jspecify.annotations.NullMarked;
