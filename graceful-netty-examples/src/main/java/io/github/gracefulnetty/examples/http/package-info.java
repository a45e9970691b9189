// SPDX-License-Identifier: Apache-2.0
/** An HTTP/1.1 server that is replaced under load. */
@NullMarked
package io.github.gracefulnetty.examples.http;

import org.jspecify.annotations.NullMarked;
