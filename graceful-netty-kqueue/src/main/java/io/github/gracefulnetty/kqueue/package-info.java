// SPDX-License-Identifier: Apache-2.0
/** The native transport for macOS. */
@NullMarked
package io.github.gracefulnetty.kqueue;

import org.jspecify.annotations.NullMarked;
