// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import java.util.Map;

/**
 * Gets what a {@link Receiver} receives, in order, one after another, on a thread that it may block. What it throws ends the
 * handoff; so it does if it takes longer than the receiver's patience for one, then what it works on stays its own.
 */
@FunctionalInterface
public interface DescriptorHandler {
    /**
     * One descriptor has come and was verified. From now on it is this handler's to close, or to turn into something that
     * is closed; unless this throws, then it is closed if nothing was made of it. The next one waits until this returns.
     */
    void received(ReceivedDescriptor descriptor, byte[] metadata) throws Exception;

    /**
     * All application states, by name. Comes once, before the first descriptor, even if there are none. The sender hears
     * nothing before a descriptor was taken: this and the first one share one patience.
     */
    default void states(Map<String, byte[]> states) throws Exception {}
}
