// SPDX-License-Identifier: Apache-2.0
/** Reactor Netty on listeners that outlive the process. */
@NullMarked
package io.github.gracefulnetty.reactor;

import org.jspecify.annotations.NullMarked;
