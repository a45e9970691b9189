// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;

/** Where everything is logged that users hear of. */
final class Log {
    static final String NAME = "io.github.gracefulnetty.Graceful";

    static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(NAME);

    private Log() {}
}
