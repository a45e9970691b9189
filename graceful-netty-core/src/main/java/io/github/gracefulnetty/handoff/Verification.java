// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.SocketFacts;
import java.io.IOException;
import java.net.SocketAddress;

/** Checks that a descriptor is what was announced. Nothing is trusted because it came from a socket of ours. */
public final class Verification {
    private Verification() {}

    /** @throws ProtocolException if the descriptor is not the listener that {@code announced} describes */
    public static void verify(NativeTransport transport, int descriptor, ListenerDescription announced) {
        SocketFacts facts;
        try {
            facts = transport.inspect(descriptor);
        } catch (IOException e) {
            throw new ProtocolException("announced " + announced + ", but it is not a socket: " + e.getMessage());
        }
        if (!facts.listening()) {
            throw new ProtocolException("announced " + announced + ", but it does not listen");
        }
        if (facts.kind() != announced.kind()) {
            throw new ProtocolException("announced " + announced + ", but it is of another kind");
        }
        SocketAddress actual = facts.address();
        if (actual == null || !Addresses.same(actual, announced.bound())) {
            throw new ProtocolException("announced " + announced + ", but it is bound to "
                    + (actual == null ? "nothing" : Addresses.format(actual)));
        }
    }
}
