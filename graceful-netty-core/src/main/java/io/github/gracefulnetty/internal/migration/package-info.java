// SPDX-License-Identifier: Apache-2.0
/** Live migration: idle connections go to the successor, one lane for each event loop that has some. */
@NullMarked
package io.github.gracefulnetty.internal.migration;

import org.jspecify.annotations.NullMarked;
