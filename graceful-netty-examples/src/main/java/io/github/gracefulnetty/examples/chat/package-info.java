// SPDX-License-Identifier: Apache-2.0
/** A chat whose users stay in their rooms while processes come and go. */
@NullMarked
package io.github.gracefulnetty.examples.chat;

import org.jspecify.annotations.NullMarked;
