// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.ChannelHandler;
import java.util.Map;

/** A handler that this library has put into a pipeline of the application's: no part of what its initializer builds. */
public interface OwnHandler extends ChannelHandler {
    /** How the names of those begin that other modules of this library put in. */
    String PREFIX = "graceful-netty/";

    /** Whether a pipeline's entry is one of ours. */
    static boolean isIn(Map.Entry<String, ChannelHandler> entry) {
        return entry.getValue() instanceof OwnHandler || entry.getKey().startsWith(PREFIX);
    }
}
