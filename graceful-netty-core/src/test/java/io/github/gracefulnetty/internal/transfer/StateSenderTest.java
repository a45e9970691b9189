// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.internal.wire.Message;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

class StateSenderTest {
    private final EmbeddedChannel bytes = new EmbeddedChannel();

    private StateSender sender(InputStream stream) {
        return new StateSender(bytes, Map.of("s", stream), Runnable::run, () -> {});
    }

    @Test
    void shouldSendWhatASlowStreamHasGivenBeforeItGivesMore() {
        StateSender sender = sender(new InputStream() {
            private boolean given;

            @Override
            public int read() {
                throw new UnsupportedOperationException("one after the other");
            }

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                if (given) {
                    throw new IOException("nothing more for now");
                }
                given = true;
                into[offset] = 7;
                return 1;
            }
        });
        assertThatThrownBy(sender::sendMore)
                .isInstanceOf(ExecutionException.class)
                .hasRootCauseMessage("nothing more for now");
        bytes.flushOutbound();
        Message.State sent = bytes.readOutbound();
        assertThat(sent.last()).isFalse();
        assertThat(bytes.outboundMessages()).isEmpty();
    }

    @Test
    void shouldSendWhatIsInMemoryAtOnce() throws Exception {
        assertThat(sender(new ByteArrayInputStream(new byte[10])).sendMore()).isTrue();
        Message.State sent = bytes.readOutbound();
        assertThat(sent.last()).isTrue();
        assertThat(bytes.outboundMessages()).isEmpty();
    }

    @Test
    void shouldEndAStreamWithAnEmptyPiece() throws Exception {
        InputStream stream = new java.io.BufferedInputStream(new ByteArrayInputStream(new byte[10]));
        assertThat(sender(stream).sendMore()).isTrue();
        Message.State content = bytes.readOutbound();
        Message.State end = bytes.readOutbound();
        assertThat(content.last()).isFalse();
        assertThat(end.last()).isTrue();
    }
}
