// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static io.github.gracefulnetty.handoff.OwnConnection.assertHeard;
import static io.github.gracefulnetty.handoff.OwnConnection.on;
import static io.github.gracefulnetty.handoff.OwnConnection.say;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.DescriptorGate;
import io.github.gracefulnetty.internal.wire.Message;
import io.netty.channel.Channel;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The sender's application does not return: it loses that handoff, in time, and no other one. */
@ExtendWith(DescriptorGate.class)
@Timeout(90)
class BlockedSenderTest {
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final String NOT_RETURNED = "the sender's offerer has not returned within 3000 ms";

    @TempDir
    private Path directory;

    private Path path;
    private Udp udp;
    private final CountDownLatch release = new CountDownLatch(1);
    private final CountDownLatch blocks = new CountDownLatch(1);
    private final AtomicBoolean first = new AtomicBoolean(true);
    private final AtomicInteger closed = new AtomicInteger();

    @BeforeEach
    void open() throws Exception {
        path = directory.resolve("handoff.sock");
        udp = new Udp(2);
    }

    @AfterEach
    void close() {
        release.countDown();
        udp.close();
    }

    private void block() {
        blocks.countDown();
        boolean released = false;
        while (!released) {
            try {
                released = release.await(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                throw new AssertionError("nobody may interrupt the application", e);
            }
        }
    }

    private void awaitBlocked() throws InterruptedException {
        assertThat(blocks.await(30, TimeUnit.SECONDS)).isTrue();
    }

    /** Blocks for the first receiver, and adds something late. */
    private Offerer blockingOnce() {
        return to -> {
            if (first.getAndSet(false)) {
                to.state("early", stream());
                block();
                to.state("late", stream());
            }
            to.add(udp.offer(0));
        };
    }

    /** Runs {@code first} when it is read, and is at its end then. */
    private final class Stream extends InputStream {
        private final Runnable first;

        Stream(Runnable first) {
            this.first = first;
        }

        @Override
        public int read() {
            first.run();
            return -1;
        }

        @Override
        public int read(byte[] into, int offset, int most) {
            return read();
        }

        @Override
        public void close() {
            closed.incrementAndGet();
        }
    }

    private InputStream stream() {
        return new Stream(() -> {});
    }

    /** A stream that gives nothing, and does not end. */
    private InputStream blockingStream() {
        return new Stream(this::block);
    }

    private void assertServed() throws Exception {
        try (Kept kept = new Kept()) {
            assertThat(Receiver.from(path).receiveBlocking(kept)).isEqualTo(1);
        }
    }

    @Test
    void shouldServeOthersAndGiveUpTheReceiverWhoseOffererBlocks() throws Exception {
        Outcomes outcomes = new Outcomes(blockingOnce());
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes, PATIENCE);
                RawReceiver waiting = RawReceiver.attached(server.path())) {
            awaitBlocked();
            assertServed();
            assertThat(waiting.hearReason()).isEqualTo(NOT_RETURNED);
            assertThat(outcomes.next()).isEqualTo(NOT_RETURNED);
            await().untilAsserted(() -> assertThat(closed)
                    .as("what it had added before is not kept until it returns")
                    .hasValue(1));
            assertServed();
            release.countDown();
            await().untilAsserted(
                            () -> assertThat(closed).as("what it adds late").hasValue(2));
            assertServed();
        }
    }

    @Test
    void shouldTellAReceiverOfTheToolkitThatTheOffererBlocks() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, blockingOnce(), Duration.ofMillis(300));
                Kept kept = new Kept()) {
            assertThat(Outcomes.of(Receiver.from(server.path()).receive(kept)))
                    .endsWith(" says: the sender's offerer has not returned within 300 ms");
        }
    }

    @Test
    void shouldCloseTheServerWhileAnOffererBlocks() throws Exception {
        Outcomes outcomes = new Outcomes(blockingOnce());
        DescriptorServer server = DescriptorServer.listen(path, outcomes);
        try (RawReceiver waiting = RawReceiver.attached(server.path())) {
            awaitBlocked();
            server.close();
            assertThat(waiting.hearReason()).isEqualTo("the sender was closed");
            assertThat(outcomes.next()).isEqualTo("the sender was closed");
        }
        release.countDown();
        await().untilAsserted(() -> assertThat(closed).hasValue(2));
    }

    @Test
    void shouldSayThatTheOffererBlockedWhenTheReceiverHasGoneMeanwhile() throws Exception {
        Outcomes outcomes = new Outcomes(blockingOnce());
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes)) {
            RawReceiver gone = RawReceiver.attached(server.path());
            awaitBlocked();
            gone.close();
            assertThat(outcomes.next()).isEqualTo("the receiver hung up: the sender's offerer has not returned yet");
            RawReceiver impatient = RawReceiver.attached(server.path());
            impatient.hear(Message.Manifest.class);
            impatient.close();
        }
    }

    @Test
    void shouldRefuseASecondDescriptorConnectionWhileTheOffererBlocks() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, blockingOnce());
                RawReceiver receiver = RawReceiver.attached(server.path())) {
            awaitBlocked();
            try (var second = receiver.attach()) {
                assertThat(RawReceiver.hearReason(second)).isEqualTo("nobody waits for this descriptor connection");
            }
            release.countDown();
            receiver.hear(Message.State.class);
            receiver.hear(Message.State.class);
            assertThat(receiver.hear(Message.Manifest.class).descriptors()).isEqualTo(1);
        }
    }

    /** Threads that are blocked for ever must not become more and more. */
    @Test
    void shouldRefuseReceiversAsLongAsTooManyOfferersBlock() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        Offerer blocking = to -> {
            if (asked.getAndIncrement() < DescriptorServer.MAX_RECEIVERS) {
                block();
            }
            to.add(udp.offer(0));
        };
        List<RawReceiver> receivers = new ArrayList<>();
        try (DescriptorServer server = DescriptorServer.listen(path, blocking, PATIENCE)) {
            for (int i = 0; i < DescriptorServer.MAX_RECEIVERS; i++) {
                receivers.add(RawReceiver.attached(server.path()));
            }
            for (RawReceiver receiver : receivers) {
                assertThat(receiver.hearReason()).isEqualTo(NOT_RETURNED);
            }
            try (Kept kept = new Kept()) {
                assertThat(Outcomes.of(Receiver.from(path).receive(kept)))
                        .endsWith("256 receivers are served already: for 256 of them the offerer has not returned");
                assertThat(asked).hasValue(DescriptorServer.MAX_RECEIVERS);
                release.countDown();
                await().untilAsserted(() ->
                        assertThat(Receiver.from(path).receiveBlocking(kept)).isEqualTo(1));
            }
        } finally {
            for (RawReceiver receiver : receivers) {
                receiver.close();
            }
        }
    }

    private enum Fault {
        AN_ERROR,
        NO_OFFER,
        NO_STATE,
        NO_STREAM,
        NO_NAME
    }

    @SuppressWarnings({"NullAway", "DataFlowIssue"}) // what an application does that is not checked
    private void fail(Fault fault, Offering to) {
        switch (fault) {
            case AN_ERROR -> throw new StackOverflowError("too deep");
            case NO_OFFER -> to.add(null);
            case NO_STATE -> to.state("s", (byte[]) null);
            case NO_STREAM -> to.state("s", (InputStream) null);
            case NO_NAME -> to.state(null, new byte[0]);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldTellBothSidesWhatTheOffererDidWrong(Fault fault) throws Exception {
        String reason = "the sender has nothing to offer: "
                + switch (fault) {
                    case AN_ERROR -> "java.lang.StackOverflowError: too deep";
                    case NO_OFFER -> "an offer is null";
                    case NO_STATE, NO_STREAM -> "the application state 's' is null";
                    case NO_NAME -> "the name of an application state is null";
                };
        Outcomes outcomes = new Outcomes(to -> {
            to.state("before", stream()).add(udp.offer(0));
            if (first.getAndSet(false)) {
                fail(fault, to);
            }
        });
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes);
                Kept kept = new Kept()) {
            assertThat(Outcomes.of(Receiver.from(server.path()).receive(kept))).endsWith(reason);
            assertThat(outcomes.next()).isEqualTo(reason);
            await().untilAsserted(() -> assertThat(closed).hasValue(1));
            assertServed();
            await().untilAsserted(() -> assertThat(closed).hasValue(2));
        }
    }

    @Test
    void shouldServeOthersAndGiveUpTheReceiverWhoseStreamBlocks() throws Exception {
        String reason = "the stream of the application state 'endless' gave nothing for 3000 ms:"
                + " the application state has not arrived there";
        Outcomes outcomes = new Outcomes(to -> {
            if (first.getAndSet(false)) {
                to.state("endless", blockingStream()).state("next", stream());
            }
            to.add(udp.offer(0));
        });
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes, PATIENCE);
                RawReceiver waiting = RawReceiver.attached(server.path())) {
            awaitBlocked();
            assertServed();
            assertThat(waiting.hearReason()).isEqualTo(reason);
            assertThat(outcomes.next()).isEqualTo(reason);
            await().untilAsserted(() -> assertThat(closed).hasValue(2));
            release.countDown();
            assertServed();
            assertThat(closed).as("none is closed twice").hasValue(2);
        }
    }

    @Test
    void shouldCloseTheServerWhileAStreamBlocks() throws Exception {
        Outcomes outcomes = new Outcomes(to -> to.state("endless", blockingStream()));
        DescriptorServer server = DescriptorServer.listen(path, outcomes);
        try (RawReceiver waiting = RawReceiver.attached(server.path())) {
            awaitBlocked();
            server.close();
            assertThat(waiting.hearReason()).isEqualTo("the sender was closed");
            assertThat(outcomes.next()).isEqualTo("the sender was closed");
        }
        await().untilAsserted(() -> assertThat(closed).hasValue(1));
    }

    @Test
    void shouldGoOnWhileWhoeverWaitsForTheEndBlocks() throws Exception {
        List<CompletableFuture<?>> blocked = new ArrayList<>();
        Offerer offerer = to -> {
            if (first.getAndSet(false)) {
                blocked.add(to.received().thenRun(this::block).toCompletableFuture());
            }
            to.add(udp.offer(0));
        };
        DescriptorServer server = DescriptorServer.listen(path, offerer);
        assertServed();
        awaitBlocked();
        assertServed();
        server.close();
        assertThat(path).doesNotExist();
        assertThat(blocked).singleElement().matches(waiting -> !waiting.isDone());
    }

    /** The loop is the application's: it has other connections there. */
    @Test
    void shouldLeaveTheLoopAloneWhileTheApplicationBlocks() throws Exception {
        OwnConnection application = new OwnConnection(directory.resolve("own.sock"));
        Channel receiver = application.connect();
        Channel sender = application.accept();
        try (Kept kept = new Kept()) {
            CompletableFuture<Void> sent = Sender.send(sender, blockingOnce(), PATIENCE);
            CompletableFuture<?> after = sent.handle((nothing, failure) -> {
                block();
                return failure;
            });
            on(sender, () -> true);
            assertThat(Outcomes.of(Receiver.on(receiver).receive(kept))).endsWith(" says: " + NOT_RETURNED);
            say(receiver, "still here");
            assertHeard(sender, "still here");
            assertThat(after).isNotDone();
            release.countDown();
            assertThat(Outcomes.of(sent)).isEqualTo(NOT_RETURNED);
        } finally {
            receiver.close().syncUninterruptibly();
            sender.close().syncUninterruptibly();
            application.close();
        }
    }
}
