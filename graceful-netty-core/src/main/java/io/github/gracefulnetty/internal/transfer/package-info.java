// SPDX-License-Identifier: Apache-2.0
/** How descriptors go from one process to another: both halves, and where they meet. */
@NullMarked
package io.github.gracefulnetty.internal.transfer;

import org.jspecify.annotations.NullMarked;
