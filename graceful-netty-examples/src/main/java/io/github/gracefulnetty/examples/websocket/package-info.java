// SPDX-License-Identifier: Apache-2.0
/** WebSockets that outlive the process that opened them. */
@NullMarked
package io.github.gracefulnetty.examples.websocket;

import org.jspecify.annotations.NullMarked;
