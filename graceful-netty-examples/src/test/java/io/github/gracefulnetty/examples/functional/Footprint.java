// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.github.gracefulnetty.examples.load.StrictClient;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a server has while nothing goes on.
 *
 * @param descriptors the kinds of what it has open
 * @param threads their names
 * @param heap the bytes that it uses after a collection
 */
record Footprint(List<String> descriptors, List<String> threads, long heap) {
    /** How much the heaps of two processes of one program may differ. */
    private static final int PERCENT = 10;

    /** Requests, so that all event loops and their caches have been used. */
    private static final int WARM = 2_000;

    /**
     * Of a process that serves, after some load. The heap comes last: who is asked for it has a thread and a socket more.
     *
     * @param expected what it has to come down to; {@code null} if that is not known
     */
    static Footprint of(long pid, InetSocketAddress address, @Nullable Footprint expected) {
        warmUp(address);
        Await.until(
                "end of all connections of " + pid,
                () -> Proc.descriptorKinds(pid).stream().noneMatch("tcp"::equals));
        // One unix socket is the JDK's own. There are more while a process rehearses its upgrade, soon after its start.
        Await.until(
                "the end of the rehearsal of " + pid,
                () -> Proc.descriptorKinds(pid).stream().filter("unix"::equals).count() <= 1);
        if (expected != null) {
            Await.untilAsserted("process " + pid + " has what the first one had", () -> {
                assertThat(kinds(pid)).isEqualTo(expected.descriptors);
                assertThat(Proc.threads(pid)).isEqualTo(expected.threads);
            });
        }
        assertThat(Proc.children(pid)).as("children of " + pid).isEmpty();
        assertThat(Proc.zombies(pid)).as("zombies of " + pid).isEmpty();
        Footprint footprint = new Footprint(kinds(pid), Proc.threads(pid), Proc.liveHeap(pid));
        if (expected != null) {
            assertThat(footprint.heap).as("heap of " + pid).isCloseTo(expected.heap, withinPercentage(PERCENT));
        }
        return footprint;
    }

    /** Of whichever start it is: the output of each goes to a file of its own. */
    private static List<String> kinds(long pid) {
        return Proc.descriptorKinds(pid).stream()
                .map(kind -> kind.replaceFirst(".*/\\d+\\.(out|err)$", "$1"))
                .sorted()
                .toList();
    }

    private static void warmUp(InetSocketAddress address) {
        try (StrictClient client = StrictClient.builder()
                .address(address)
                .busy(4)
                .fresh(4 * Runtime.getRuntime().availableProcessors(), Duration.ofMillis(5))
                .start()) {
            Await.until("load", () -> client.snapshot().answered() > WARM);
            assertThat(client.stop().clean()).isTrue();
        }
    }

    @Override
    public String toString() {
        return descriptors.size() + " descriptors, " + threads.size() + " threads, " + heap / 1024 + " KiB of heap";
    }
}
