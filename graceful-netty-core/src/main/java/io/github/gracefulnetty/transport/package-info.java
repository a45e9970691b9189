// SPDX-License-Identifier: Apache-2.0
/** The seam to Netty's native transports: how a descriptor becomes a channel. */
@NullMarked
package io.github.gracefulnetty.transport;

import org.jspecify.annotations.NullMarked;
