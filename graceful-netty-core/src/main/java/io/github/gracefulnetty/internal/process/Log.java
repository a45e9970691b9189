// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;

/** Where everything is logged that users hear of. */
public final class Log {
    /** The logger's name. */
    public static final String NAME = "io.github.gracefulnetty.Graceful";

    public static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(NAME);

    private Log() {}
}
