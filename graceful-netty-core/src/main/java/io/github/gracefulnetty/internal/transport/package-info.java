// SPDX-License-Identifier: Apache-2.0
/** How this library finds and calls Netty's natives: for core and the transports' modules. Not part of the API. */
@NullMarked
package io.github.gracefulnetty.internal.transport;

import org.jspecify.annotations.NullMarked;
