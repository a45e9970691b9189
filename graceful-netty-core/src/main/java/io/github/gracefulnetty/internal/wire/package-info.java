// SPDX-License-Identifier: Apache-2.0
/** What the two processes of a handoff say to each other, and how it is written. */
@NullMarked
package io.github.gracefulnetty.internal.wire;

import org.jspecify.annotations.NullMarked;
