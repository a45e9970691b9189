// SPDX-License-Identifier: Apache-2.0
/** What a handler or a framework meets when a connection drains, or moves to the successor. */
@NullMarked
package io.github.gracefulnetty.connection;

import org.jspecify.annotations.NullMarked;
