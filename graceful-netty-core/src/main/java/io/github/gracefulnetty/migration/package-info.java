// SPDX-License-Identifier: Apache-2.0
/** What a handler implements so that its connections can move to the successor. */
@NullMarked
package io.github.gracefulnetty.migration;

import org.jspecify.annotations.NullMarked;
