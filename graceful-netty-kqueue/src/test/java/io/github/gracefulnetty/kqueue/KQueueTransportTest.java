// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.kqueue;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.internal.transport.NativeTransports;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.kqueue.KQueueChannelOption;
import io.netty.channel.kqueue.KQueueDatagramChannel;
import io.netty.channel.kqueue.KQueueDomainDatagramChannel;
import io.netty.channel.kqueue.KQueueDomainSocketChannel;
import io.netty.channel.kqueue.KQueueServerDomainSocketChannel;
import io.netty.channel.kqueue.KQueueServerSocketChannel;
import io.netty.channel.kqueue.KQueueSocketChannel;
import io.netty.channel.local.LocalServerChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.lang.reflect.Field;
import java.net.StandardProtocolFamily;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What can be said of the transport on a machine that has no kqueue. */
class KQueueTransportTest {
    /** None is touched: without the native library no channel gets that far. */
    private static final int NO_DESCRIPTOR = Integer.MAX_VALUE;

    private static final Map<DescriptorKind, Class<? extends Channel>> ADOPTING = Map.of(
            DescriptorKind.TCP_LISTENER, KQueueServerSocketChannel.class,
            DescriptorKind.TCP_CONNECTION, KQueueSocketChannel.class,
            DescriptorKind.UNIX_CONNECTION, KQueueDomainSocketChannel.class,
            DescriptorKind.UDP, KQueueDatagramChannel.class,
            DescriptorKind.UNIX_DATAGRAM, KQueueDomainDatagramChannel.class);

    private static final Map<DescriptorKind, Class<? extends Channel>> OPENING = Map.of(
            DescriptorKind.TCP_LISTENER, KQueueServerSocketChannel.class,
            DescriptorKind.UNIX_LISTENER, KQueueServerDomainSocketChannel.class,
            DescriptorKind.UDP, KQueueDatagramChannel.class,
            DescriptorKind.UNIX_DATAGRAM, KQueueDomainDatagramChannel.class);

    private static final List<Class<? extends Channel>> CHANNELS = List.of(
            KQueueServerSocketChannel.class,
            KQueueServerDomainSocketChannel.class,
            KQueueSocketChannel.class,
            KQueueDomainSocketChannel.class,
            KQueueDatagramChannel.class,
            KQueueDomainDatagramChannel.class);

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

    @ParameterizedTest
    @DisabledOnOs(OS.MAC)
    @EnumSource(DescriptorKind.class)
    void shouldAdoptWithNettysChannelOfTheKindOrSayThatItCannot(DescriptorKind kind) {
        Class<? extends Channel> channel = ADOPTING.get(kind);

        assertThat(transport.canAdopt(kind)).isEqualTo(channel != null);
        if (channel == null) {
            assertThatThrownBy(() -> transport.adopt(kind, NO_DESCRIPTOR))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("kqueue")
                    .hasMessageContaining(kind.toString());
        } else {
            assertAsksNativeLibraryFor(channel, () -> transport.adopt(kind, NO_DESCRIPTOR));
        }
    }

    @Test
    void shouldSayWhyUnixListenerCannotBeAdopted() {
        assertThatThrownBy(() -> transport.adopt(DescriptorKind.UNIX_LISTENER, NO_DESCRIPTOR))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("KQueueServerDomainSocketChannel");
    }

    @ParameterizedTest
    @DisabledOnOs(OS.MAC)
    @EnumSource(DescriptorKind.class)
    void shouldOpenNettysChannelOfTheKindOrSayThatItCannot(DescriptorKind kind) {
        Class<? extends Channel> channel = OPENING.get(kind);

        if (channel == null) {
            assertThatThrownBy(() -> transport.open(kind, null))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("kqueue cannot open")
                    .hasMessageContaining(kind.toString());
        } else {
            assertAsksNativeLibraryFor(channel, () -> transport.open(kind, null));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"INET", "INET6"})
    void shouldSayThatTcpListenerCannotBeOpenedForOneFamily(StandardProtocolFamily family) {
        assertThatThrownBy(() -> transport.open(DescriptorKind.TCP_LISTENER, family))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining(family.name())
                .hasMessageContaining("KQueueServerSocketChannel");
    }

    @ParameterizedTest
    @DisabledOnOs(OS.MAC)
    @EnumSource(names = {"INET", "INET6"})
    void shouldOpenUdpForOneFamily(StandardProtocolFamily family) {
        assertAsksNativeLibraryFor(KQueueDatagramChannel.class, () -> transport.open(DescriptorKind.UDP, family));
    }

    @ParameterizedTest
    @EnumSource(DescriptorKind.class)
    void shouldTellItsOwnChannelsByKind(DescriptorKind kind) throws ReflectiveOperationException {
        for (Class<? extends Channel> channel : CHANNELS) {
            boolean expected = channel == ADOPTING.get(kind) || channel == OPENING.get(kind);

            assertThat(transport.isOfKind(unconstructed(channel), kind))
                    .as(channel.getSimpleName())
                    .isEqualTo(expected);
        }
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
    @EnumSource(DescriptorKind.class)
    void shouldNotTakeOtherChannelsForItsOwn(DescriptorKind kind) {
        Channel nio = new NioServerSocketChannel();
        try {
            assertThat(transport.isOfKind(nio, kind)).isFalse();
            assertThat(transport.isOfKind(new LocalServerChannel(), kind)).isFalse();
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

    /** As far as a constructor of a channel comes on this machine. */
    private static void assertAsksNativeLibraryFor(Class<? extends Channel> channel, ThrowingCallable constructor) {
        assertThatThrownBy(constructor)
                .isInstanceOf(IOException.class)
                .cause()
                .isInstanceOf(LinkageError.class)
                .extracting(Throwable::getStackTrace, as(InstanceOfAssertFactories.array(StackTraceElement[].class)))
                .anyMatch(frame -> frame.getClassName().equals(channel.getName())
                        && frame.getMethodName().equals("<init>"));
    }

    /** An instance whose constructor did not run: it would ask the native library. */
    private static <T> T unconstructed(Class<T> type) throws ReflectiveOperationException {
        Class<?> unsafe = Class.forName("sun.misc.Unsafe"); // by name: javac warns of it, unconditionally
        Field instance = unsafe.getDeclaredField("theUnsafe");
        instance.setAccessible(true);
        return type.cast(unsafe.getMethod("allocateInstance", Class.class).invoke(instance.get(null), type));
    }
}
