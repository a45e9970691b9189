// SPDX-License-Identifier: Apache-2.0
/** The native transport for Linux. */
@NullMarked
package io.github.gracefulnetty.epoll;

import org.jspecify.annotations.NullMarked;
