// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static io.github.gracefulnetty.handoff.OwnConnection.assertHeard;
import static io.github.gracefulnetty.handoff.OwnConnection.on;
import static io.github.gracefulnetty.handoff.OwnConnection.say;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.DescriptorGate;
import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketReadMode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Handoffs on a connection of the application's own, between bytes of its own. It is the same connection afterwards. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class OwnConnectionTest {
    @TempDir
    private Path directory;

    private Udp udp;
    private OwnConnection application;
    private Channel sender;
    private Channel receiver;
    private final Kept kept = new Kept();

    @BeforeEach
    void open() throws Exception {
        udp = new Udp(100);
        application = new OwnConnection(directory.resolve("own.sock"));
        receiver = application.connect();
        sender = application.accept();
    }

    @AfterEach
    void close() {
        kept.close();
        receiver.close().syncUninterruptibly();
        sender.close().syncUninterruptibly();
        application.close();
        udp.close();
    }

    /** The connection carries bytes in both directions, and nothing else is in its pipelines. */
    private void assertIsAsBefore(String saidToReceiver, String saidToSender) throws Exception {
        say(sender, "!");
        say(receiver, "?");
        assertHeard(receiver, saidToReceiver + "!");
        assertHeard(sender, saidToSender + "?");
        for (Channel end : new Channel[] {sender, receiver}) {
            assertThat(on(end, () -> end.pipeline().names()))
                    .filteredOn(name -> !name.startsWith("DefaultChannelPipeline$TailContext"))
                    .containsExactly("application");
            assertThat(((EpollDomainSocketChannel) end).config().getReadMode()).isEqualTo(DomainSocketReadMode.BYTES);
            assertThat(end.config().isAutoRead()).isTrue();
            assertThat(end.config().isAutoClose()).isTrue();
        }
    }

    @Test
    void shouldPassDescriptorsAfterDataOfOnesOwn() throws Exception {
        say(receiver, "please");
        assertHeard(sender, "please");
        CompletableFuture<Void> sent = on(sender, () -> {
            sender.writeAndFlush(sender.alloc().buffer().writeBytes("here".getBytes(UTF_8)));
            return Sender.send(sender, udp.all());
        });
        assertHeard(receiver, "here");
        assertThat(Receiver.on(receiver).receiveBlocking(kept)).isEqualTo(100);
        assertThat(Outcomes.of(sent)).isEmpty();
        assertThat(kept.ports).isEqualTo(udp.ports()).isEqualTo(kept.boundPorts());
        assertIsAsBefore("here", "please");
    }

    @Test
    void shouldPassDescriptorsSeveralTimesAndInBothDirections() throws Exception {
        Map<Channel, StringBuilder> heard = new HashMap<>();
        for (int i = 0; i < 10; i++) {
            Channel from = i % 3 == 2 ? receiver : sender;
            Channel to = i % 3 == 2 ? sender : receiver;
            int number = i;
            CompletableFuture<Void> sent = Sender.send(
                    from, all -> all.state("s", "state".getBytes(UTF_8)).add(udp.offer(number)));
            on(from, () -> true); // Sender.send has begun: what the receiver says is its
            assertThat(Receiver.on(to).receiveBlocking(kept)).isEqualTo(1);
            assertThat(Outcomes.of(sent)).isEmpty();
            say(from, "" + i);
            heard.computeIfAbsent(to, end -> new StringBuilder()).append(i);
            assertHeard(to, heard.get(to).toString()); // the next thing that comes there may be a descriptor
        }
        assertThat(kept.ports).isEqualTo(udp.ports().subList(0, 10));
        assertIsAsBefore("0134679", "258");
    }

    @Test
    void shouldPassDescriptorsBetweenConnectionsSideBySide() throws Exception {
        Channel otherReceiver = application.connect();
        Channel otherSender = application.accept();
        CompletableFuture<Void> sent = Sender.send(sender, udp.all());
        CompletableFuture<Void> otherSent = Sender.send(otherSender, udp.all());
        on(sender, () -> true);
        on(otherSender, () -> true);
        CompletableFuture<Integer> count = Receiver.on(receiver).receive(kept);
        try (Kept otherKept = new Kept()) {
            assertThat(Receiver.on(otherReceiver).receiveBlocking(otherKept)).isEqualTo(100);
        }
        assertThat(count.join()).isEqualTo(100);
        assertThat(Outcomes.of(sent)).isEmpty();
        assertThat(Outcomes.of(otherSent)).isEmpty();
        otherReceiver.close().sync();
        assertIsAsBefore("", "");
    }

    /** The receiver may ask before the sender begins. Auto-read goes off on the loop: elsewhere it lets one more read pass. */
    @Test
    void shouldPassDescriptorsWhileAutoReadIsOff() throws Exception {
        on(sender, () -> sender.config().setAutoRead(false));
        on(receiver, () -> receiver.config().setAutoRead(false));
        CompletableFuture<Integer> count = Receiver.on(receiver).receive(kept);
        CompletableFuture<Void> sent = Sender.send(sender, udp.all());
        assertThat(Outcomes.of(count)).isEmpty();
        assertThat(Outcomes.of(sent)).isEmpty();
        assertThat(sender.config().isAutoRead()).isFalse();
        assertThat(receiver.config().isAutoRead()).isFalse();
        sender.config().setAutoRead(true);
        receiver.config().setAutoRead(true);
        assertIsAsBefore("", "");
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 65_536})
    void shouldTellBothSidesThatTheCallbackFailed(int bytesOfMetadata) throws Exception {
        CompletableFuture<Void> sent = Sender.send(sender, udp.all(bytesOfMetadata));
        on(sender, () -> true);
        CompletableFuture<Integer> count = Receiver.on(receiver).receive((descriptor, metadata) -> {
            throw new IOException("no room");
        });
        assertThat(Outcomes.of(count)).contains("no room");
        assertThat(Outcomes.of(sent)).contains("no room");
        assertIsAsBefore("", "");
    }

    @Test
    void shouldTellBothSidesThatThereIsNothingToOffer() throws Exception {
        CompletableFuture<Void> sent = Sender.send(sender, to -> {
            throw new IOException("not before noon");
        });
        on(sender, () -> true);
        assertThat(Outcomes.of(Receiver.on(receiver).receive(kept))).contains("not before noon");
        assertThat(Outcomes.of(sent)).contains("not before noon");
        assertIsAsBefore("", "");
    }

    @Test
    void shouldLeaveTheConnectionAloneWhenAReceivingFutureIsCancelledInTheMiddle() throws Exception {
        CompletableFuture<CompletableFuture<Integer>> self = new CompletableFuture<>();
        CompletableFuture<Void> sent = Sender.send(sender, udp.all());
        on(sender, () -> true);
        CompletableFuture<Integer> count = Receiver.on(receiver).receive((descriptor, metadata) -> {
            kept.received(descriptor, metadata);
            self.join().cancel(true);
        });
        self.complete(count);
        assertThat(Outcomes.of(sent)).contains("the receiver has cancelled");
        assertIsAsBefore("", "");
    }

    @Test
    void shouldFailOnTheOtherSideWhenAConnectionIsClosedInTheMiddle() throws Exception {
        CompletableFuture<Void> sent = Sender.send(sender, udp.all());
        on(sender, () -> true);
        // The handoff has connections of its own: it goes on without this one.
        int count = Receiver.on(receiver).receiveBlocking((descriptor, metadata) -> {
            kept.received(descriptor, metadata);
            sender.close();
        });
        assertThat(count).isEqualTo(100);
        assertThat(Outcomes.of(sent)).isEmpty();
    }
}
