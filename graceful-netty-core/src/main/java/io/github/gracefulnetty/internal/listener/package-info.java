// SPDX-License-Identifier: Apache-2.0
/** The late-binding server channel, and the register of listeners that it claims from. */
@NullMarked
package io.github.gracefulnetty.internal.listener;

import org.jspecify.annotations.NullMarked;
