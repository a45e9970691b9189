// SPDX-License-Identifier: Apache-2.0
/** What happens to live connections when their process hands over or stops. Not part of the API. */
@NullMarked
package io.github.gracefulnetty.internal.connections;

import org.jspecify.annotations.NullMarked;
