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
public record ServerGeneration(long pid, int generation, List<String> addresses) {

    /** The only, or the first, TCP address. */
    public InetSocketAddress address() {
        return tcp(addresses.get(0));
    }

    public static InetSocketAddress tcp(String address) {
        int colon = address.lastIndexOf(':');
        return new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    }

    /** Asks it to upgrade itself. */
    public void hup() {
        Proc.signal("HUP", pid);
    }

    /** Asks it to end. */
    public void term() {
        Proc.signal("TERM", pid);
    }

    /** Ends it, as a crash would. */
    public void kill() {
        Proc.signal("KILL", pid);
    }

    public void awaitEnd() {
        Await.until("end of " + this, () -> !Proc.isAlive(pid));
    }
}
