// SPDX-License-Identifier: Apache-2.0
/** How many descriptors per second go from one JVM to another, against a bare loop of Netty's {@code sendFd}. */
@NullMarked
package io.github.gracefulnetty.benchmarks.descriptors;

import org.jspecify.annotations.NullMarked;
