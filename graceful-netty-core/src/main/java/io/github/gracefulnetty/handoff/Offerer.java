// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import java.util.List;

/** Decides, for each receiver, what it gets. A lambda that looks at the receiver first is as good as a fixed list. */
@FunctionalInterface
public interface Offerer {
    /**
     * Adds what one receiver gets. Runs on the event loop of the connection, which it must not block.
     *
     * @throws Exception if there is nothing to offer; the receiver is told why, and gets nothing
     */
    void offer(Offering to) throws Exception;

    /** The same for each receiver, in this order. */
    static Offerer of(Offer... offers) {
        List<Offer> fixed = List.of(offers);
        return to -> fixed.forEach(to::add);
    }

    /** One after another. */
    static Offerer sequence(Offerer... offerers) {
        List<Offerer> fixed = List.of(offerers);
        return to -> {
            for (Offerer offerer : fixed) {
                offerer.offer(to);
            }
        };
    }
}
