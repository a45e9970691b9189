// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.LogLines;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.DefaultChannelId;
import io.netty.channel.embedded.EmbeddedChannel;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A connection that ends because this process cannot send, not because the predecessor has hung up. */
class IncomingTransferTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final EmbeddedChannel loop = new EmbeddedChannel();
    private final List<String> happened = new ArrayList<>();
    private boolean failing;
    private final EmbeddedChannel bytes = new EmbeddedChannel(DefaultChannelId.newInstance(), false, false) {
        @Override
        protected void doWrite(ChannelOutboundBuffer in) throws Exception {
            if (failing) {
                throw new NoClassDefFoundError("com/example/Gone");
            }
            super.doWrite(in);
        }
    };
    private final IncomingTransfer transfer = new IncomingTransfer(
            (NativeTransport) Proxy.newProxyInstance(
                    NativeTransport.class.getClassLoader(),
                    new Class<?>[] {NativeTransport.class},
                    (proxy, method, arguments) -> null),
            ControlLoop.on(loop.eventLoop()),
            new IncomingTransfer.Request(Message.Purpose.RECEIVE, Token.NONE, "", PATIENCE, 0),
            "the path",
            new IncomingTransfer.Events() {
                @Override
                public void welcome(Message.Welcome welcome) {}

                @Override
                public void states(Map<String, byte[]> states) {}

                @Override
                public void received(Inherited descriptor) {}

                @Override
                public void complete() {}

                @Override
                public boolean said(Message message) {
                    return false;
                }

                @Override
                public void absent() {
                    happened.add("absent");
                }

                @Override
                public void failed(String reason) {
                    happened.add(reason);
                }

                @Override
                public void hungUp() {
                    happened.add("hung up");
                }
            });

    private void attach() {
        transfer.attach(bytes, new EmbeddedChannel(DefaultChannelId.newInstance(), false, false));
    }

    @AfterEach
    void close() {
        transfer.end();
        loop.finishAndReleaseAll();
    }

    @Test
    void shouldSayWhyWhenTheConnectionCannotSend() {
        failing = true;
        attach();
        assertThat(happened).containsExactly("java.lang.NoClassDefFoundError: com/example/Gone");
        assertThat(bytes.isOpen()).isFalse();
    }

    @Test
    void shouldLogWhyWhenNotEvenTheReasonOfItsEndCanBeSent() {
        try (LogLines log = new LogLines()) {
            attach();
            failing = true;
            transfer.abort("enough");
            assertThat(log.lines())
                    .containsExactly(
                            "graceful-netty: the handoff connection to the predecessor at the path has failed: "
                                    + "java.lang.NoClassDefFoundError: com/example/Gone");
        }
        assertThat(happened).isEmpty();
    }
}
