// SPDX-License-Identifier: Apache-2.0
/** A UDP server that is replaced while datagrams arrive. */
@NullMarked
package io.github.gracefulnetty.examples.udp;

import org.jspecify.annotations.NullMarked;
