// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.DescriptorGate;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What is offered to whom, and what becomes of an offer that there is nothing behind any more. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
@SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
class OfferingTest {
    @TempDir
    private Path directory;

    private Path path;
    private Udp udp;
    private EventLoopGroup loops;
    private final Kept kept = new Kept();

    @BeforeEach
    void open() throws Exception {
        path = directory.resolve("handoff.sock");
        udp = new Udp(4);
        loops = new EpollEventLoopGroup(1);
    }

    @AfterEach
    void close() {
        kept.close();
        udp.close();
        loops.shutdownGracefully(50, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    private Channel channel() throws Exception {
        return new Bootstrap()
                .group(loops)
                .channel(EpollDatagramChannel.class)
                .handler(new ChannelInboundHandlerAdapter())
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
    }

    private int receive(Offerer offerer) throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, offerer)) {
            return Receiver.from(server.path()).receiveBlocking(kept);
        }
    }

    private void assertRefused(Offerer offerer, String reason) throws Exception {
        Outcomes outcomes = new Outcomes(offerer);
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes)) {
            assertThat(Outcomes.of(Receiver.from(server.path()).receive(kept))).contains(reason);
            assertThat(outcomes.next()).contains(reason);
        }
    }

    @Test
    void shouldLeaveOutAChannelThatWasClosedBefore() throws Exception {
        Channel closed = channel();
        Offer offer = Offer.datagram(closed).named("closed");
        closed.close().sync();
        assertThat(receive(Offerer.of(offer, udp.offer(0), offer, udp.offer(1), offer)))
                .isEqualTo(2);
        assertThat(kept.events).containsExactly("udp0", "udp1");
        assertThat(kept.ports).isEqualTo(kept.boundPorts());
    }

    @Test
    void shouldLeaveOutADescriptorThatWasClosedBefore() throws Exception {
        FileDescriptor[] pipe = FileDescriptor.pipe();
        Offerer offerer = Offerer.of(Offer.descriptor(pipe[0]), udp.offer(0), Offer.descriptor(pipe[1]));
        int count = receive(to -> {
            pipe[0].close(); // not before all connections are open: so the numbers stay unused
            pipe[1].close();
            offerer.offer(to);
        });
        assertThat(count).isEqualTo(1);
        assertThat(kept.events).containsExactly("udp0");
    }

    @Test
    void shouldLeaveOutAFileThatWasClosedBefore() throws Exception {
        Offer offer;
        try (FileChannel file = FileChannel.open(Files.createFile(directory.resolve("f")), StandardOpenOption.READ)) {
            offer = Offer.file(file);
        }
        assertThat(receive(Offerer.of(offer, udp.offer(0)))).isEqualTo(1);
        assertThat(kept.events).containsExactly("udp0");
    }

    /** At most 64 are sent ahead; so one further back has its turn only when the first has been received. */
    @Test
    void shouldLeaveOutAChannelThatIsClosedWhileItWaitsForItsTurn() throws Exception {
        Channel closing = channel();
        List<Offer> offers = new ArrayList<>();
        for (int i = 0; i < 65; i++) {
            offers.add(udp.offer(i % 4));
        }
        offers.add(Offer.datagram(closing).named("closing"));
        offers.add(udp.offer(2));
        try (DescriptorServer server = DescriptorServer.listen(path, Offerer.of(offers.toArray(Offer[]::new)))) {
            int count = Receiver.from(server.path()).receiveBlocking((descriptor, metadata) -> {
                if (kept.descriptors.isEmpty()) {
                    closing.close().sync();
                }
                kept.received(descriptor, metadata);
            });
            assertThat(count).isEqualTo(66);
        }
        assertThat(kept.events).hasSize(66).doesNotContain("closing").endsWith("udp0", "udp2");
        assertThat(kept.ports).isEqualTo(kept.boundPorts());
    }

    @Test
    void shouldPassNothingAtAllWhenEverythingWasClosed() throws Exception {
        Channel closed = channel();
        closed.close().sync();
        assertThat(receive(Offerer.of(Offer.datagram(closed), Offer.datagram(closed))))
                .isZero();
    }

    @Test
    void shouldPassNothingWhenNothingIsOffered() throws Exception {
        assertThat(receive(to -> {})).isZero();
        assertThat(kept.events).isEmpty();
    }

    @Test
    void shouldTellTheReceiverWhyThereIsNothing() throws Exception {
        assertRefused(
                to -> {
                    to.add(udp.offer(0));
                    throw new IOException("not before noon");
                },
                "the sender has nothing to offer: not before noon");
        assertThat(kept.descriptors).isEmpty();
    }

    @Test
    void shouldTellTheReceiverOfAnErrorAndServeTheNextOne() throws Exception {
        boolean[] failed = new boolean[1];
        Outcomes outcomes = new Outcomes(to -> {
            if (!failed[0]) {
                failed[0] = true;
                throw new NoClassDefFoundError("org/example/Policy");
            }
            to.add(udp.offer(0));
        });
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes)) {
            String reason = "java.lang.NoClassDefFoundError: org/example/Policy";
            assertThat(Outcomes.of(Receiver.from(server.path()).receive(kept))).contains(reason);
            assertThat(outcomes.next()).contains(reason);
            assertThat(Receiver.from(server.path()).receiveBlocking(kept)).isEqualTo(1);
            assertThat(outcomes.next()).isEmpty();
        }
    }

    @Test
    void shouldTellBothSidesThatAnOfferIsOfAnotherKind() throws Exception {
        Channel datagram = channel();
        assertRefused(
                Offerer.of(udp.offer(0), Offer.listener(datagram).named("web")),
                "(web): it is not a socket that listens");
        datagram.close().sync();
    }

    @Test
    void shouldRefuseAChannelWithoutADescriptor() {
        assertThatThrownBy(() -> Offer.datagram(new EmbeddedChannel()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("EmbeddedChannel has no descriptor that can be passed: use the channels of epoll or"
                        + " kqueue");
    }

    @Test
    void shouldOfferOneAfterAnother() throws Exception {
        Offerer first = Offerer.of(udp.offer(1), udp.offer(0));
        Offerer nested = Offerer.sequence(Offerer.of(), Offerer.of(udp.offer(2)));
        assertThat(receive(Offerer.sequence(first, nested, to -> to.add(udp.offer(3)))))
                .isEqualTo(4);
        assertThat(kept.events).containsExactly("udp1", "udp0", "udp2", "udp3");
    }

    @Test
    void shouldLetTheOffererDecideByTheReceiver() throws Exception {
        long own = ProcessHandle.current().pid();
        assertThat(receive(to -> to.add(to.receiverPid() == own ? udp.offer(3) : udp.offer(0))))
                .isEqualTo(1);
        assertThat(kept.events).containsExactly("udp3");
    }

    @Test
    void shouldAskTheOffererAgainForEachReceiver() throws Exception {
        int[] asked = new int[1];
        try (DescriptorServer server = DescriptorServer.listen(path, to -> to.add(udp.offer(asked[0]++)))) {
            for (int i = 0; i < 4; i++) {
                Receiver.from(server.path()).receiveBlocking(kept);
            }
        }
        assertThat(kept.events).containsExactly("udp0", "udp1", "udp2", "udp3");
    }

    @Test
    void shouldFailWhenOneIsWantedAndNoneIsOffered() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, to -> {})) {
            assertThat(Outcomes.of(Receiver.from(server.path()).receiveOne()))
                    .isEqualTo("exactly one descriptor was wanted, none was offered");
        }
    }

    @Test
    void shouldFailOnBothSidesWhenOneIsWantedAndTwoAreOffered() throws Exception {
        Outcomes outcomes = new Outcomes(Offerer.of(udp.offer(0), udp.offer(1)));
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes)) {
            assertThat(Outcomes.of(Receiver.from(server.path()).receiveOne()))
                    .contains("exactly one descriptor was wanted, this is another one");
            assertThat(outcomes.next()).contains("exactly one descriptor was wanted, this is another one");
            assertThatThrownBy(() -> Receiver.from(server.path()).receiveOneBlocking())
                    .isInstanceOf(HandoffException.class)
                    .hasMessageContaining("exactly one descriptor was wanted");
        }
    }
}
