// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What a sender learns of each of its handoffs, in the order in which they begin. */
final class Outcomes implements Offerer {
    private final Offerer offerer;
    private final BlockingQueue<CompletableFuture<Void>> handoffs = new LinkedBlockingQueue<>();

    Outcomes(Offerer offerer) {
        this.offerer = offerer;
    }

    @Override
    public void offer(Offering to) throws Exception {
        handoffs.add(to.received().toCompletableFuture());
        offerer.offer(to);
    }

    /** Waits for the end of the next handoff: empty if the receiver has everything, otherwise why not. */
    String next() throws Exception {
        CompletableFuture<Void> handoff = handoffs.poll(30, TimeUnit.SECONDS);
        assertThat(handoff).as("a receiver").isNotNull();
        return of(handoff);
    }

    /** Waits for the end: empty if it is a good one, otherwise why not. */
    static String of(CompletableFuture<?> handoff) throws Exception {
        return handoff.handle((value, failure) -> {
                    Throwable cause = failure instanceof CompletionException && failure.getCause() != null
                            ? failure.getCause()
                            : failure;
                    if (cause == null) {
                        return "";
                    }
                    assertThat(cause).isInstanceOf(HandoffException.class);
                    return String.valueOf(cause.getMessage());
                })
                .get(30, TimeUnit.SECONDS);
    }
}
