// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.net.InetSocketAddress;
import java.util.List;

/**
 * One server process, as its READY lines tell.
 *
 * @param pid the process
 * @param generation as it counts itself
 * @param addresses what it listens on, in the order of its options
 */
record ServerGeneration(long pid, int generation, List<String> addresses) {

    /** The only, or the first, TCP address. */
    InetSocketAddress address() {
        return tcp(addresses.get(0));
    }

    static InetSocketAddress tcp(String address) {
        int colon = address.lastIndexOf(':');
        return new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    }

    /** Asks it to upgrade itself. */
    void hup() {
        Proc.signal("HUP", pid);
    }

    /** Asks it to end. */
    void term() {
        Proc.signal("TERM", pid);
    }

    /** Ends it, as a crash would. */
    void kill() {
        Proc.signal("KILL", pid);
    }

    void awaitEnd() {
        Await.until("end of " + this, () -> !Proc.isAlive(pid));
    }
}
