// SPDX-License-Identifier: Apache-2.0
/** Runnable servers and the demo. */
@NullMarked
package io.github.gracefulnetty.examples;

import org.jspecify.annotations.NullMarked;
