// SPDX-License-Identifier: Apache-2.0
/** The handoff protocol: messages, their codec, and the descriptors that travel with them. */
@NullMarked
package io.github.gracefulnetty.handoff;

import org.jspecify.annotations.NullMarked;
