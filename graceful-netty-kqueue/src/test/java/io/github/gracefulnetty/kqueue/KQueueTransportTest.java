// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.kqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.NativeTransports;
import io.github.gracefulnetty.transport.SocketKind;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.kqueue.KQueueChannelOption;
import io.netty.channel.local.LocalServerChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What can be said of the transport on a machine that has no kqueue. */
class KQueueTransportTest {
    private final KQueueTransport transport = new KQueueTransport();

    @Test
    void shouldBeFoundAsService() {
        assertThat(ServiceLoader.load(NativeTransport.class))
                .singleElement()
                .isInstanceOf(KQueueTransport.class)
                .extracting(NativeTransport::name)
                .isEqualTo("kqueue");
    }

    @Test
    @DisabledOnOs(OS.MAC)
    void shouldSayWhyItCannotBeUsedElsewhere() {
        assertThat(transport.unavailabilityCause()).isNotNull();
    }

    @Test
    @DisabledOnOs(OS.MAC)
    void shouldBeNamedAmongTheReasonsWhenNoTransportIsUsable() {
        NativeTransports.Found found = NativeTransports.find();

        assertThat(found.transport()).isNull();
        assertThat(found.problem()).startsWith("kqueue: ").contains("graceful-netty-epoll");
    }

    @Test
    void shouldAdoptTcpListenersOnly() {
        assertThat(transport.canAdopt(SocketKind.TCP)).isTrue();
        assertThat(transport.canAdopt(SocketKind.UNIX)).isFalse();
    }

    @Test
    void shouldSayWhyUnixListenerCannotBeAdopted() {
        assertThatThrownBy(() -> transport.adoptListener(SocketKind.UNIX, 0))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("kqueue")
                .hasMessageContaining("unix listener");
    }

    @Test
    @SuppressWarnings("deprecation") // in Netty 4.2 only
    void shouldNotDriveOtherGroupsAndLoops() {
        EventLoopGroup nio = new NioEventLoopGroup(1);
        try {
            assertThat(transport.drives(nio)).isFalse();
            assertThat(transport.drives(nio.next())).isFalse();
        } finally {
            nio.shutdownGracefully(0, 0, TimeUnit.SECONDS);
        }
    }

    @ParameterizedTest
    @EnumSource(SocketKind.class)
    void shouldNotTakeOtherListenersForItsOwn(SocketKind kind) {
        ServerChannel nio = new NioServerSocketChannel();
        try {
            assertThat(transport.isListener(nio, kind)).isFalse();
            assertThat(transport.isListener(new LocalServerChannel(), kind)).isFalse();
        } finally {
            nio.unsafe().closeForcibly();
        }
    }

    @Test
    @SuppressWarnings("deprecation") // the only option of the channel object
    void shouldTellOptionsOfTheSocketFromThoseOfTheChannel() {
        assertThat(transport.changesSocket(ChannelOption.SO_RCVBUF)).isTrue();
        assertThat(transport.changesSocket(KQueueChannelOption.SO_ACCEPTFILTER)).isTrue();
        assertThat(transport.changesSocket(KQueueChannelOption.RCV_ALLOC_TRANSPORT_PROVIDES_GUESS))
                .isFalse();
    }
}
