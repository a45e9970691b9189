// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.SocketFacts;
import io.github.gracefulnetty.transport.SocketKind;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DescriptorReceiverTest {
    /** Descriptor 1000 + p is a listener at 127.0.0.1:p. */
    private static final NativeTransport TRANSPORT = (NativeTransport) Proxy.newProxyInstance(
            NativeTransport.class.getClassLoader(),
            new Class<?>[] {NativeTransport.class},
            (proxy, method, arguments) -> {
                assertThat(method.getName()).isEqualTo("inspect");
                return new SocketFacts(true, SocketKind.TCP, address((int) arguments[0] - 1000));
            });

    private final DescriptorReceiver receiver = new DescriptorReceiver(TRANSPORT);
    private final List<Given> given = new ArrayList<>();
    private final List<InheritedListener> taken = new ArrayList<>();

    /** Counts how often it is closed; there is no such descriptor. */
    private static final class Given extends FileDescriptor {
        private int closed;

        Given(int number) {
            super(number);
        }

        @Override
        public void close() throws IOException {
            closed++;
        }
    }

    /** Whatever happens, each descriptor has been closed once, or was taken and has not been closed. */
    @AfterEach
    void shouldHaveClosedWhatWasNotTaken() {
        taken.addAll(receiver.take());
        receiver.close();
        for (Given descriptor : given) {
            boolean handedOut =
                    taken.stream().anyMatch(listener -> listener.descriptor().number() == descriptor.intValue());
            assertThat(descriptor.closed).as("%s", descriptor).isEqualTo(handedOut ? 0 : 1);
        }
    }

    @Test
    void shouldMatchWhicheverComesFirst() {
        receiver.manifest(new Message.Manifest(3));
        announce(0);
        assertThat(receiver.count()).isZero();
        arrive(0);
        assertThat(receiver.count()).isEqualTo(1);
        arrive(1);
        arrive(2);
        announce(1);
        announce(2);
        assertThat(receiver.isComplete()).isTrue();
        taken.addAll(receiver.take());
        assertThat(taken).extracting(listener -> listener.descriptor().number()).containsExactly(1000, 1001, 1002);
        assertThat(receiver.take()).isEmpty();
    }

    @Test
    void shouldBeCompleteWithNothing() {
        assertThat(receiver.isComplete()).isFalse();
        receiver.manifest(new Message.Manifest(0));
        assertThat(receiver.isComplete()).isTrue();
    }

    @Test
    void shouldRejectASecondManifest() {
        receiver.manifest(new Message.Manifest(1));
        assertThatThrownBy(() -> receiver.manifest(new Message.Manifest(1)))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("the predecessor sent two manifests");
    }

    @Test
    void shouldRejectWhatIsAnnouncedOutOfOrderOrTooOften() {
        assertThatThrownBy(() -> announce(0)).hasMessageContaining("announced listener 0 where 0 of -1 was due");
        receiver.manifest(new Message.Manifest(1));
        assertThatThrownBy(() -> announce(1)).hasMessageContaining("announced listener 1 where 0 of 1 was due");
        announce(0);
        assertThatThrownBy(() -> announce(1)).hasMessageContaining("announced listener 1 where 1 of 1 was due");
    }

    @Test
    void shouldCloseADescriptorThatNobodyAnnounced() {
        receiver.manifest(new Message.Manifest(1));
        announce(0);
        arrive(0);
        assertThatThrownBy(() -> arrive(1)).hasMessage("the predecessor sent a descriptor that it had not announced");
        assertThat(given.get(1).closed).isEqualTo(1);
    }

    @Test
    void shouldCloseADescriptorThatComesAfterTheEnd() {
        receiver.close();
        assertThatThrownBy(() -> arrive(0)).isInstanceOf(ProtocolException.class);
    }

    @Test
    void shouldNotLetMoreThanAWindowRunAhead() {
        for (int i = 0; i < MessageCodec.WINDOW; i++) {
            arrive(i);
        }
        assertThatThrownBy(() -> arrive(MessageCodec.WINDOW))
                .hasMessage("the predecessor sent more than 64 descriptors ahead");
    }

    @Test
    void shouldRejectADescriptorThatIsNotWhatWasAnnounced() {
        receiver.manifest(new Message.Manifest(1));
        announce(0);
        assertThatThrownBy(() -> arrive(7))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("announced tcp 127.0.0.1:0, but it is bound to 127.0.0.1:7");
    }

    private void announce(int port) {
        receiver.announced(new Message.Descriptor(
                port, new ListenerDescription(SocketKind.TCP, "", address(port), address(port), false)));
    }

    private void arrive(int port) {
        Given descriptor = new Given(1000 + port);
        given.add(descriptor);
        receiver.arrived(descriptor);
    }

    private static InetSocketAddress address(int port) {
        return new InetSocketAddress("127.0.0.1", port);
    }
}
