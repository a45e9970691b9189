// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.ProtocolException;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.SocketFacts;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
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
                return new SocketFacts(
                        DescriptorKind.TCP_LISTENER,
                        StandardProtocolFamily.INET,
                        address((int) arguments[0] - 1000),
                        null);
            });

    private final List<Given> given = new ArrayList<>();
    private final List<Inherited> taken = new ArrayList<>();
    private final DescriptorReceiver receiver = new DescriptorReceiver(TRANSPORT, this::take);
    private int refuse = -1;

    /** Counts how often it is closed; there is no such descriptor. */
    private static final class Given extends FileDescriptor {
        private int closed;
        private boolean cannotBeClosed;

        Given(int number) {
            super(number);
        }

        @Override
        public void close() throws IOException {
            closed++;
            if (cannotBeClosed) {
                throw new IOException("no");
            }
        }
    }

    /** Whatever happens, each descriptor has been closed once, or was taken and has not been closed. */
    @AfterEach
    void shouldHaveClosedWhatWasNotTaken() {
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
        assertThat(taken).extracting(listener -> listener.descriptor().number()).containsExactly(1000, 1001, 1002);
    }

    @Test
    void shouldBeCompleteWithNothing() {
        assertThat(receiver.isComplete()).isFalse();
        receiver.manifest(new Message.Manifest(0));
        assertThat(receiver.isComplete()).isTrue();
    }

    @Test
    void shouldAddUpManifests() {
        receiver.manifest(new Message.Manifest(1));
        announce(0);
        arrive(0);
        assertThat(receiver.isComplete()).isTrue();
        receiver.manifest(new Message.Manifest(1));
        assertThat(receiver.isComplete()).isFalse();
        announce(1);
        arrive(1);
        assertThat(receiver.isComplete()).isTrue();
        assertThat(taken).hasSize(2);
    }

    @Test
    void shouldRejectMoreThanIsAllowedInSeveralManifests() {
        receiver.manifest(new Message.Manifest(MessageCodec.MAX_DESCRIPTORS));
        assertThatThrownBy(() -> receiver.manifest(new Message.Manifest(1)))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("the predecessor announced 1048577 descriptors, at most 1048576 are allowed");
    }

    @Test
    void shouldGoOnWithoutWhatIsWithdrawn() {
        receiver.manifest(new Message.Manifest(3));
        receiver.withdrawn(new Message.Withdrawn(0));
        announce(1);
        receiver.withdrawn(new Message.Withdrawn(2));
        assertThat(receiver.count()).isEqualTo(1);
        arrive(1);
        assertThat(receiver.count()).isEqualTo(3);
        assertThat(receiver.isComplete()).isTrue();
        assertThat(taken).hasSize(1);
    }

    @Test
    void shouldCloseWhatItsUserCouldNotTake() {
        refuse = 1;
        receiver.manifest(new Message.Manifest(2));
        announce(0);
        announce(1);
        arrive(0);
        assertThatThrownBy(() -> arrive(1)).hasMessage("no");
        assertThat(given.get(1).closed).isEqualTo(1);
    }

    @Test
    void shouldCloseEachEvenIfOneCannotBeClosed() {
        arrive(0);
        arrive(1);
        arrive(2);
        given.forEach(descriptor -> descriptor.cannotBeClosed = true);
        receiver.close();
        assertThat(given).extracting(descriptor -> descriptor.closed).containsExactly(1, 1, 1);
    }

    @Test
    void shouldTellWhyItsUserCouldNotTakeWhatCannotEvenBeClosed() {
        refuse = 0;
        receiver.manifest(new Message.Manifest(1));
        arrive(0);
        given.get(0).cannotBeClosed = true;
        assertThatThrownBy(() -> announce(0))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no");
    }

    @Test
    void shouldRejectWhatIsAnnouncedOutOfOrderOrTooOften() {
        assertThatThrownBy(() -> announce(0)).hasMessageContaining("announced descriptor 0 where 0 of 0 was due");
        receiver.manifest(new Message.Manifest(1));
        assertThatThrownBy(() -> announce(1)).hasMessageContaining("announced descriptor 1 where 0 of 1 was due");
        announce(0);
        assertThatThrownBy(() -> announce(1)).hasMessageContaining("announced descriptor 1 where 1 of 1 was due");
    }

    @Test
    void shouldCloseADescriptorThatNobodyAnnouncesInTheEnd() {
        receiver.manifest(new Message.Manifest(1));
        announce(0);
        arrive(0);
        arrive(1);
        assertThat(receiver.hasMore()).isTrue();
        assertThat(taken).hasSize(1);
        receiver.close();
        assertThat(given.get(1).closed).isEqualTo(1);
    }

    @Test
    void shouldCloseADescriptorThatComesAfterTheEnd() {
        receiver.close();
        arrive(0);
        assertThat(given.get(0).closed).isEqualTo(1);
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
    void shouldNotLetMoreThanAWindowBeAnnouncedAhead() {
        receiver.manifest(new Message.Manifest(2 * MessageCodec.WINDOW));
        for (int i = 0; i < MessageCodec.WINDOW; i++) {
            announce(i);
        }
        arrive(0);
        receiver.withdrawn(new Message.Withdrawn(MessageCodec.WINDOW));
        assertThatThrownBy(() -> announce(MessageCodec.WINDOW + 1))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("the predecessor announced more than 64 descriptors ahead");
    }

    @Test
    void shouldNotLetMoreThanAWindowBeLostAhead() {
        DescriptorReceiver withoutRoom = new DescriptorReceiver(TRANSPORT, new DescriptorReceiver.Sink() {
            @Override
            public void received(Inherited inherited) {}

            @Override
            public boolean survivesLoss() {
                return true;
            }
        });
        for (int i = 0; i < MessageCodec.WINDOW; i++) {
            assertThat(withoutRoom.lost()).isTrue();
        }
        assertThatThrownBy(withoutRoom::lost)
                .isInstanceOf(ProtocolException.class)
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

    private void take(Inherited inherited) {
        if (inherited.descriptor().number() == 1000 + refuse) {
            throw new IllegalStateException("no");
        }
        taken.add(inherited);
    }

    private void announce(int port) {
        Description description = new Description(
                DescriptorKind.TCP_LISTENER, StandardProtocolFamily.INET, "", address(port), null, null);
        receiver.announced(new Message.Descriptor(port, description, Bytes.NONE));
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
