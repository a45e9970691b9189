// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static io.github.gracefulnetty.handoff.OwnConnection.assertHeard;
import static io.github.gracefulnetty.handoff.OwnConnection.on;
import static io.github.gracefulnetty.handoff.OwnConnection.say;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.DescriptorGate;
import io.netty.channel.Channel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The receiver's application does not return: it loses that handoff, in time, and what it works on stays its own. */
@ExtendWith(DescriptorGate.class)
@Timeout(90)
class BlockedReceiverTest {
    private static final Duration SHORT = Duration.ofMillis(300);

    @TempDir
    private Path directory;

    private Path path;
    private Udp udp;
    private final Kept kept = new Kept();
    private final CountDownLatch release = new CountDownLatch(1);
    private final CountDownLatch blocks = new CountDownLatch(1);
    private final AtomicBoolean returned = new AtomicBoolean();

    @BeforeEach
    void open() throws Exception {
        path = directory.resolve("handoff.sock");
        udp = new Udp(100);
    }

    @AfterEach
    void close() throws Exception {
        release.countDown();
        kept.close();
        udp.close();
    }

    private void block() throws InterruptedException {
        blocks.countDown();
        assertThat(release.await(1, TimeUnit.MINUTES)).isTrue();
        returned.set(true);
    }

    private void awaitBlocked() throws InterruptedException {
        assertThat(blocks.await(30, TimeUnit.SECONDS)).isTrue();
    }

    private void blockWith(ReceivedDescriptor descriptor, byte[] metadata) throws Exception {
        kept.received(descriptor, metadata);
        if (kept.descriptors.size() == 2) {
            block();
        }
    }

    private void assertIsOpen(ReceivedDescriptor descriptor) {
        assertThat(Files.exists(Path.of("/proc/self/fd/" + descriptor.number()), LinkOption.NOFOLLOW_LINKS))
                .isTrue();
    }

    @Test
    void shouldEndInTimeAndTellBothSides() throws Exception {
        Outcomes outcomes = new Outcomes(udp.all());
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes)) {
            CompletableFuture<Integer> count =
                    Receiver.from(server.path()).patience(SHORT).receive(this::blockWith);
            String reason = "the receiver has not taken udp 127.0.0.1:" + udp.port(1) + " (udp1) within 300 ms";
            assertThat(Outcomes.of(count)).isEqualTo(reason);
            assertThat(outcomes.next()).endsWith(" says: " + reason);
            assertThat(kept.descriptors).hasSize(2).allSatisfy(this::assertIsOpen);
            release.countDown();
            await().untilTrue(returned);
            assertThat(kept.descriptors).hasSize(2).allSatisfy(this::assertIsOpen);
        }
    }

    @Test
    void shouldEndInTimeWhenTheStatesAreNotTakenAndNothingElseComes() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, to -> {})) {
            CompletableFuture<Integer> count = Receiver.from(server.path())
                    .patience(SHORT)
                    .receive(new Kept() {
                        @Override
                        public void states(Map<String, byte[]> states) throws Exception {
                            block();
                        }
                    });
            assertThat(Outcomes.of(count)).isEqualTo("the receiver has not taken the application state within 300 ms");
        }
    }

    @Test
    void shouldFailWhenTheStatesAreRefusedAndNothingElseComes() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, to -> {})) {
            CompletableFuture<Integer> count = Receiver.from(server.path()).receive(new Kept() {
                @Override
                public void states(Map<String, byte[]> states) throws Exception {
                    throw new IOException("unknown format");
                }
            });
            assertThat(Outcomes.of(count))
                    .isEqualTo("the receiver could not use the application state: unknown format");
        }
    }

    @Test
    void shouldTellTheSenderAtOnceThatTheFutureWasCancelled() throws Exception {
        Outcomes outcomes = new Outcomes(udp.all());
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes)) {
            CompletableFuture<Integer> count = Receiver.from(server.path()).receive(this::blockWith);
            awaitBlocked();
            assertThat(count.cancel(true)).isTrue();
            assertThat(outcomes.next()).endsWith(" says: the receiver has cancelled");
            assertThat(returned).isFalse();
        }
    }

    /** Whoever hears of the end closes what has come: nothing may come after that. */
    @Test
    void shouldFailWhenTheApplicationHasReturnedIfItDoes() throws Exception {
        Outcomes outcomes = new Outcomes(udp.all());
        DescriptorServer server = DescriptorServer.listen(path, outcomes);
        CompletableFuture<Integer> count = Receiver.from(server.path()).receive(this::blockWith);
        CompletableFuture<Boolean> returnedBefore = count.handle((number, failure) -> returned.get());
        awaitBlocked();
        server.close();
        assertThat(outcomes.next()).isEqualTo("the sender was closed");
        release.countDown();
        assertThat(Outcomes.of(count)).endsWith(" says: the sender was closed");
        assertThat(returnedBefore.get(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void shouldCloseWhatTheApplicationFailsWithWhenItIsOver() throws Exception {
        ReceivedDescriptor[] late = new ReceivedDescriptor[1];
        try (DescriptorServer server = DescriptorServer.listen(path, udp.all())) {
            CompletableFuture<Integer> count = Receiver.from(server.path())
                    .patience(SHORT)
                    .receive((descriptor, metadata) -> {
                        late[0] = descriptor;
                        block();
                        throw new IOException("too late");
                    });
            assertThat(Outcomes.of(count)).startsWith("the receiver has not taken ");
            assertIsOpen(late[0]);
            release.countDown();
            await().untilTrue(returned); // then DescriptorGate waits until it is closed
        }
    }

    @Test
    void shouldFailWhenTheLoopOfItsConnectionHasEnded() throws Exception {
        OwnConnection application = new OwnConnection(directory.resolve("own.sock"));
        Channel receiver = application.connect();
        Channel sender = application.accept();
        CompletableFuture<Void> sent = Sender.send(sender, udp.all());
        on(sender, () -> true);
        CompletableFuture<Integer> count = Receiver.on(receiver).receive(this::blockWith);
        awaitBlocked();
        application.close();
        receiver.eventLoop().parent().terminationFuture().await();
        assertThat(count).isNotDone();
        release.countDown();
        assertThat(Outcomes.of(count)).isNotEmpty();
        assertThat(Outcomes.of(sent)).isNotEmpty();
    }

    /** The loop is the application's: it has other connections there. */
    @Test
    void shouldLeaveTheLoopAloneWhileTheApplicationBlocks() throws Exception {
        OwnConnection application = new OwnConnection(directory.resolve("own.sock"));
        Channel receiver = application.connect();
        Channel sender = application.accept();
        try {
            CompletableFuture<Void> sent = Sender.send(sender, udp.all());
            on(sender, () -> true);
            CompletableFuture<Integer> count = Receiver.on(receiver).receive(this::blockWith);
            CountDownLatch told = new CountDownLatch(1);
            CountDownLatch heard = new CountDownLatch(1);
            // Nothing else may be asked of it meanwhile: whoever does may have to run this.
            CompletableFuture<Integer> after = count.thenApply(number -> {
                told.countDown();
                try {
                    assertThat(heard.await(1, TimeUnit.MINUTES)).isTrue();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return number;
            });
            awaitBlocked();
            say(sender, "in the middle ");
            assertHeard(receiver, "in the middle ");
            release.countDown();
            assertThat(Outcomes.of(sent)).isEmpty();
            assertThat(told.await(1, TimeUnit.MINUTES)).isTrue();
            say(sender, "at the end");
            assertHeard(receiver, "in the middle at the end");
            heard.countDown();
            assertThat(after.get(30, TimeUnit.SECONDS)).isEqualTo(100);
        } finally {
            receiver.close().syncUninterruptibly();
            sender.close().syncUninterruptibly();
            application.close();
        }
    }
}
