// SPDX-License-Identifier: Apache-2.0
/** The protocols of accepted connections: what is spoken, whether it is between two exchanges, how it ends. */
@NullMarked
package io.github.gracefulnetty.internal.protocols;

import org.jspecify.annotations.NullMarked;
