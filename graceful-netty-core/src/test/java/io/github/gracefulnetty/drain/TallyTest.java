// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.drain;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TallyTest {
    private final Tally tally = new Tally(null);

    @Test
    void shouldCountEachConnectionOnce() {
        EmbeddedChannel connection = new EmbeddedChannel();
        assertThat(tally.watch(connection)).isTrue();
        assertThat(tally.watch(connection)).isFalse();
        connection.close();
        connection.runPendingTasks();
        assertThat(tally.result()).isEqualTo(Map.of("other", new ConnectionEnds(0, 1, 0, 0)));
    }

    @Test
    void shouldCountByProtocolInOrder() {
        for (int i = 0; i < 2; i++) {
            EmbeddedChannel plain = new EmbeddedChannel();
            EmbeddedChannel http = new EmbeddedChannel(new HttpServerCodec());
            tally.watch(plain);
            tally.watch(http);
            tally.force(plain);
            plain.close();
            http.close();
        }
        assertThat(ConnectionEnds.describe(tally.result())).isEqualTo("http/1.1: 2 drained; other: 2 closed by force");
    }

    @Test
    void shouldTakeWhatIsOpenInTheEndForClosedByForce() {
        EmbeddedChannel connection = new EmbeddedChannel();
        tally.watch(connection);
        assertThat(tally.result()).isEqualTo(Map.of("other", new ConnectionEnds(0, 0, 0, 1)));
        connection.close();
        assertThat(tally.result().get("other"))
                .extracting(ConnectionEnds::total)
                .isEqualTo(1);
    }
}
