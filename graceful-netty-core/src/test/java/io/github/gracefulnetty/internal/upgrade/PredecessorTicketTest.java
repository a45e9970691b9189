// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.handoff.HandoffException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class PredecessorTicketTest {
    @Test
    void shouldReadATicketOnlyInTheFormThatItWrites() {
        assertThatThrownBy(() -> PredecessorTicket.parse("12:xyz:/path"))
                .isInstanceOf(HandoffException.class)
                .hasMessage("GRACEFUL_NETTY_PREDECESSOR was not written by graceful-netty: unset it");
        assertThat(PredecessorTicket.parse("12:000102030405060708090a0b0c0d0e0f:/a:b"))
                .extracting(PredecessorTicket::pid, PredecessorTicket::path)
                .containsExactly(12L, Path.of("/a:b"));
    }
}
