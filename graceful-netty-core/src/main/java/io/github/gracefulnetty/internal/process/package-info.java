// SPDX-License-Identifier: Apache-2.0
/** Processes, signals and paths. Not part of the API. */
@NullMarked
package io.github.gracefulnetty.internal.process;

import org.jspecify.annotations.NullMarked;
