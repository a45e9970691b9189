// SPDX-License-Identifier: Apache-2.0
/** What happens to live connections when their process hands over or stops. */
@NullMarked
package io.github.gracefulnetty.drain;

import org.jspecify.annotations.NullMarked;
