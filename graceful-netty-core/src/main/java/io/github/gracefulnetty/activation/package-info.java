// SPDX-License-Identifier: Apache-2.0
/** Listeners that a service manager opened for this process (LISTEN_FDS). */
@NullMarked
package io.github.gracefulnetty.activation;

import org.jspecify.annotations.NullMarked;
