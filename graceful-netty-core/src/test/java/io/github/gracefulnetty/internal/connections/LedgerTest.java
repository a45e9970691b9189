// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.connection.ConnectionEnds;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class LedgerTest {
    private final ConnectionTracker connections = new ConnectionTracker();

    @Test
    void shouldCountEachConnectionOnce() {
        EmbeddedChannel connection = new EmbeddedChannel();
        connections.track(connection);
        Ledger ledger = connections.count();
        assertThat(ledger.open()).isEqualTo(1);
        connection.close();
        connection.runPendingTasks();
        assertThat(ledger.open()).isZero();
        assertThat(ledger.ends()).isEqualTo(Map.of("other", new ConnectionEnds(0, 1, 0, 0, 0)));
    }

    @Test
    void shouldCountOnlyThoseThatAreOpenAndThatCome() {
        EmbeddedChannel before = new EmbeddedChannel();
        connections.track(before);
        before.close();
        Ledger ledger = connections.count();
        assertThat(ledger.ends()).isEmpty();
        EmbeddedChannel later = new EmbeddedChannel();
        connections.track(later);
        assertThat(ledger.open()).isEqualTo(1);
        later.close();
        assertThat(ledger.ends()).isEqualTo(Map.of("other", new ConnectionEnds(0, 1, 0, 0, 0)));
    }

    @Test
    void shouldCountByProtocolInOrder() {
        Ledger ledger = connections.count();
        for (int i = 0; i < 2; i++) {
            EmbeddedChannel plain = new EmbeddedChannel();
            EmbeddedChannel http = new EmbeddedChannel(new HttpServerCodec());
            connections.track(plain);
            connections.track(http);
            Objects.requireNonNull(Connection.of(plain)).force();
            plain.close();
            http.close();
        }
        assertThat(ConnectionEnds.describe(ledger.ends())).isEqualTo("http/1.1: 2 drained; other: 2 closed by force");
    }

    @Test
    void shouldTakeWhatIsOpenInTheEndForClosedByForce() {
        EmbeddedChannel connection = new EmbeddedChannel();
        connections.track(connection);
        Ledger ledger = connections.count();
        connections.closeCounting(ledger);
        assertThat(ledger.ends()).isEqualTo(Map.of("other", new ConnectionEnds(0, 0, 0, 1, 0)));
        connection.close();
        assertThat(ledger.ends().get("other")).extracting(ConnectionEnds::total).isEqualTo(1);
        assertThat(ledger.open()).isZero();
    }

    @Test
    void shouldNotCountInTwoLedgers() {
        EmbeddedChannel connection = new EmbeddedChannel();
        connections.track(connection);
        Ledger first = connections.count();
        Ledger second = connections.count();
        connection.close();
        assertThat(first.open()).isZero();
        assertThat(first.ends()).isEmpty();
        assertThat(second.ends()).isEqualTo(Map.of("other", new ConnectionEnds(0, 1, 0, 0, 0)));
    }

    @Test
    void shouldForgetWhatComesBack() {
        EmbeddedChannel connection = new EmbeddedChannel();
        connections.track(connection);
        Ledger ledger = connections.count();
        Connection tracked = Objects.requireNonNull(Connection.of(connection));
        tracked.leave();
        connection.close();
        assertThat(ledger.open()).isEqualTo(1);
        tracked.countedElsewhere();
        assertThat(ledger.open()).isZero();
        assertThat(ledger.ends()).isEmpty();
    }

    /** Its drain's deadline had passed, and then its process served again. */
    @Test
    void shouldNotTakeWhatAnEarlierDrainWouldHaveForced() {
        EmbeddedChannel connection = new EmbeddedChannel();
        connections.track(connection);
        Ledger first = connections.count();
        Objects.requireNonNull(Connection.of(connection)).force();
        connections.stopCounting(first);
        Ledger second = connections.count();
        connection.close();
        assertThat(second.ends()).isEqualTo(Map.of("other", new ConnectionEnds(0, 1, 0, 0, 0)));
    }
}
