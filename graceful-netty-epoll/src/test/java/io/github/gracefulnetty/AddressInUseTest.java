// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDatagramChannel;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A second copy without a handoff path is told about it, and what could not be bound is known to whoever asks why. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AddressInUseTest {
    private static final SocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);

    private static Channel bindUdp(Greeter server, SocketAddress address) throws InterruptedException {
        return new GracefulDatagramBootstrap(server.graceful)
                .group(server.workers)
                .channel(EpollDatagramChannel.class)
                .handler(new ChannelInboundHandlerAdapter())
                .bind(address)
                .sync()
                .channel();
    }

    @Test
    void shouldNameTheHandoffPathForTcp() throws Exception {
        try (Greeter first = new Greeter("first", Graceful.builder());
                Greeter second = new Greeter("second", Graceful.builder())) {
            SocketAddress address = first.bind(ANY_PORT).localAddress();
            assertThatThrownBy(() -> second.bind(address))
                    .isInstanceOf(BindException.class)
                    .hasMessageContaining("give both the same handoffPath");
            assertThat(second.graceful.runtime().parts().register().whyNotBound())
                    .hasValueSatisfying(why -> assertThat(why).contains("in use"));
        }
    }

    @Test
    void shouldNameTheHandoffPathForUdp() throws Exception {
        try (Greeter first = new Greeter("first", Graceful.builder());
                Greeter second = new Greeter("second", Graceful.builder())) {
            SocketAddress address = bindUdp(first, ANY_PORT).localAddress();
            assertThatThrownBy(() -> bindUdp(second, address))
                    .isInstanceOf(BindException.class)
                    .hasMessageContaining("give both the same handoffPath");
            assertThat(second.graceful.runtime().parts().register().whyNotBound())
                    .hasValueSatisfying(why -> assertThat(why).contains("in use"));
        }
    }
}
