// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.drain;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.connection.ConnectionEnds;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TallyTest {
    private final ConnectionTracker connections = new ConnectionTracker();
    private final Tally tally = new Tally(connections, null);

    /** How many of those that are open were not watched before. */
    private int watch() {
        AtomicInteger count = new AtomicInteger();
        connections.forEachOpen(one -> count.addAndGet(tally.watch(one) ? 1 : 0));
        return count.get();
    }

    @Test
    void shouldCountEachConnectionOnce() {
        EmbeddedChannel connection = new EmbeddedChannel();
        connections.track(connection);
        assertThat(watch()).isEqualTo(1);
        assertThat(watch()).isZero();
        connection.close();
        connection.runPendingTasks();
        assertThat(tally.result()).isEqualTo(Map.of("other", new ConnectionEnds(0, 1, 0, 0)));
    }

    @Test
    void shouldCountOnlyThoseThatItWatches() {
        EmbeddedChannel connection = new EmbeddedChannel();
        connections.track(connection);
        connection.close();
        assertThat(tally.result()).isEmpty();
    }

    @Test
    void shouldCountByProtocolInOrder() {
        for (int i = 0; i < 2; i++) {
            EmbeddedChannel plain = new EmbeddedChannel();
            EmbeddedChannel http = new EmbeddedChannel(new HttpServerCodec());
            connections.track(plain);
            connections.track(http);
            watch();
            tally.force(plain);
            plain.close();
            http.close();
        }
        assertThat(ConnectionEnds.describe(tally.result())).isEqualTo("http/1.1: 2 drained; other: 2 closed by force");
    }

    @Test
    void shouldTakeWhatIsOpenInTheEndForClosedByForce() {
        EmbeddedChannel connection = new EmbeddedChannel();
        connections.track(connection);
        watch();
        assertThat(tally.result()).isEqualTo(Map.of("other", new ConnectionEnds(0, 0, 0, 1)));
        connection.close();
        assertThat(tally.result().get("other"))
                .extracting(ConnectionEnds::total)
                .isEqualTo(1);
    }
}
