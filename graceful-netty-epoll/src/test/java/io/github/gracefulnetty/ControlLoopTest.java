// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.epoll.EpollTransport;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.netty.channel.Channel;
import java.io.IOException;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(DescriptorGate.class)
class ControlLoopTest {
    @RepeatedTest(20)
    void shouldCloseItsChannelsWhenOneOfItsOwnTasksEndsIt() throws IOException {
        EpollTransport transport = new EpollTransport();
        ControlLoop loop = new ControlLoop(transport);
        Channel channel = transport.newConnection();
        loop.execute(() -> {
            loop.register(channel);
            loop.execute(loop::shutDown);
            loop.execute(() -> {}); // with a task left, Netty 4.2 ends at once
        });
        await().until(loop.loop()::isTerminated);
        assertThat(channel.isOpen()).isFalse();
    }
}
