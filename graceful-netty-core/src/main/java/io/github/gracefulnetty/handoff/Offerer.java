// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import java.util.List;

/**
 * Decides, for each receiver, what it gets. A lambda that looks at the receiver first is as good as a fixed list. It is asked
 * for several receivers at the same time if they come at the same time, on several threads.
 */
@FunctionalInterface
public interface Offerer {
    /**
     * Adds what one receiver gets. Runs on a thread that it may block, and holds up no other receiver. If it has not returned
     * when the patience with this receiver is over, the receiver is told so, and gets nothing; what is added later is dropped,
     * and its streams are closed. {@link Offering#received} tells it of that. The thread is not interrupted.
     *
     * @throws Exception if there is nothing to offer; the receiver is told why, and gets nothing. The same with an error
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
