// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.transport.NativeTransports;
import io.github.gracefulnetty.transport.NativeTransport;

/** The native transport of this machine, looked for once. */
final class Natives {
    private static final NativeTransports.Found FOUND = NativeTransports.find();

    private Natives() {}

    /** @throws HandoffException if there is none; it says what to add */
    static NativeTransport required() {
        NativeTransport transport = FOUND.transport();
        if (transport == null) {
            throw new HandoffException("descriptors cannot be passed without a native transport: " + FOUND.problem());
        }
        return transport;
    }
}
