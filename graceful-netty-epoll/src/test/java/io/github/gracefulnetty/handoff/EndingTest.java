// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.DescriptorGate;
import io.github.gracefulnetty.internal.wire.Message;
import io.netty.channel.Channel;
import io.netty.channel.unix.FileDescriptor;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A handoff that is ended from outside: nothing is left open, whatever had come by then, and each side hears why. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class EndingTest {
    private static final int ROUNDS = 100;

    @TempDir
    private Path directory;

    private Path path;
    private Udp udp;

    @BeforeEach
    void open() throws Exception {
        path = directory.resolve("handoff.sock");
        udp = new Udp(100);
    }

    @AfterEach
    void close() {
        udp.close();
    }

    /** A sender that sends one of two, and says no more. */
    private FalseSender senderThatStops() {
        return new FalseSender(path, this::sendOneOfTwo);
    }

    private void sendOneOfTwo(Channel bytes, Channel lane) throws Exception {
        bytes.write(new Message.Manifest(2));
        FalseSender.send(lane, udp.socket(0));
        bytes.writeAndFlush(FalseSender.announcement(0, udp.socket(0)));
    }

    @Test
    void shouldEndWhenTheFutureOfAllIsCancelled() throws Exception {
        try (FalseSender sender = senderThatStops();
                Kept kept = new Kept()) {
            CompletableFuture<Integer> count = Receiver.from(path).receive(kept);
            sender.hear(Message.Received.class);
            assertThat(count.cancel(true)).isTrue();
            assertThat(sender.hearReason()).isEqualTo("the receiver has cancelled");
            assertThat(kept.descriptors)
                    .singleElement()
                    .satisfies(descriptor -> assertThat(descriptor.release())
                            .as("what the application has got stays its own")
                            .isPositive());
            closeReleased(kept);
        }
    }

    private static void closeReleased(Kept kept) throws Exception {
        new FileDescriptor(kept.descriptors.get(0).number()).close();
    }

    @Test
    void shouldCloseTheOneThatHasComeWhenItsFutureIsCancelled() throws Exception {
        try (FalseSender sender = senderThatStops()) {
            CompletableFuture<ReceivedDescriptor> one = Receiver.from(path).receiveOne();
            sender.hear(Message.Received.class);
            assertThat(one.cancel(true)).isTrue();
            assertThat(sender.hearReason()).isEqualTo("the receiver has cancelled");
            assertThatThrownBy(one::join).isInstanceOf(CancellationException.class);
        }
    }

    @Test
    void shouldTellTheSenderThatTheFutureWasCancelled() throws Exception {
        Outcomes outcomes = new Outcomes(udp.all());
        CompletableFuture<CompletableFuture<Integer>> self = new CompletableFuture<>();
        try (DescriptorServer server = DescriptorServer.listen(path, outcomes);
                Kept kept = new Kept()) {
            CompletableFuture<Integer> count = Receiver.from(server.path()).receive((descriptor, metadata) -> {
                kept.received(descriptor, metadata);
                self.join().cancel(true);
            });
            self.complete(count);
            assertThat(outcomes.next())
                    .isEqualTo("receiver pid " + ProcessHandle.current().pid() + " says: the receiver has cancelled");
        }
    }

    /** At any moment: before the connection, in the middle, after the end. */
    @Test
    void shouldLeaveNothingOpenWheneverTheFutureIsCancelled() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, Offerer.of(udp.offer(0)))) {
            long usual = usualNanos(server);
            for (int i = 0; i < ROUNDS; i++) {
                CompletableFuture<ReceivedDescriptor> one =
                        Receiver.from(server.path()).receiveOne();
                spin(usual * i / ROUNDS * 2);
                if (!one.cancel(true)) {
                    one.join().close();
                }
            }
        }
    }

    private static long usualNanos(DescriptorServer server) throws InterruptedException {
        long start = System.nanoTime();
        for (int i = 0; i < 10; i++) {
            Receiver.from(server.path()).receiveOneBlocking().close();
        }
        return (System.nanoTime() - start) / 10;
    }

    /** So the end falls on another moment of the handoff in each round. */
    private static void spin(long nanos) {
        long until = System.nanoTime() + nanos;
        while (System.nanoTime() < until) {
            Thread.onSpinWait();
        }
    }

    @Test
    void shouldEndWhenTheThreadThatWaitsIsInterrupted() throws Exception {
        BlockingQueue<Throwable> thrown = new LinkedBlockingQueue<>();
        try (FalseSender sender = senderThatStops()) {
            Thread waiting = new Thread(() -> {
                try (ReceivedDescriptor one = Receiver.from(path).receiveOneBlocking()) {
                    thrown.add(new AssertionError("received " + one));
                } catch (Throwable t) {
                    thrown.add(t);
                }
            });
            waiting.start();
            sender.hear(Message.Received.class);
            waiting.interrupt();
            assertThat(sender.hearReason()).isEqualTo("the receiver has cancelled");
            assertThat(thrown.poll(30, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
            waiting.join();
        }
    }

    /** Either the method returns the descriptor, or it throws and there is none. */
    @Test
    void shouldLeaveNothingOpenWheneverTheWaitingThreadIsInterrupted() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, Offerer.of(udp.offer(0)))) {
            long usual = usualNanos(server);
            for (int i = 0; i < ROUNDS; i++) {
                CompletableFuture<Throwable> ended = new CompletableFuture<>();
                Thread waiting = new Thread(() -> {
                    try (ReceivedDescriptor one = Receiver.from(server.path()).receiveOneBlocking()) {
                        ended.complete(new IllegalStateException("no failure: " + one));
                    } catch (Throwable t) {
                        ended.complete(t);
                    }
                });
                waiting.start();
                spin(usual * i / ROUNDS * 2);
                waiting.interrupt();
                assertThat(ended.get(30, TimeUnit.SECONDS))
                        .isInstanceOfAny(InterruptedException.class, IllegalStateException.class);
                waiting.join();
            }
        }
    }

    @Test
    void shouldEndWhenTheServerIsClosedInTheMiddle() throws Exception {
        Outcomes outcomes = new Outcomes(udp.all());
        CountDownLatch first = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        DescriptorServer server = DescriptorServer.listen(path, outcomes);
        try (Kept kept = new Kept()) {
            CompletableFuture<Integer> count = Receiver.from(server.path()).receive((descriptor, metadata) -> {
                kept.received(descriptor, metadata);
                first.countDown();
                assertThat(closed.await(30, TimeUnit.SECONDS)).isTrue();
            });
            assertThat(first.await(30, TimeUnit.SECONDS)).isTrue();
            server.close();
            closed.countDown();
            assertThat(outcomes.next()).isEqualTo("the sender was closed");
            assertThat(Outcomes.of(count))
                    .isEqualTo(
                            "the predecessor (pid " + ProcessHandle.current().pid() + ") says: the sender was closed");
            assertThat(path).doesNotExist();
        }
    }

    @Test
    void shouldCloseTheServerWhileNobodyReadsWhatItHasWritten() throws Exception {
        Outcomes outcomes = new Outcomes(udp.all(65_536));
        DescriptorServer server = DescriptorServer.listen(path, outcomes);
        try (RawReceiver dead = RawReceiver.attached(server.path())) {
            dead.hear(Message.Manifest.class);
            server.close();
            assertThat(outcomes.next()).isEqualTo("the sender was closed");
            assertThat(dead.isLeft()).isTrue();
        }
    }

    @Test
    void shouldCloseTheServerInItsOffererAndMoreThanOnce() throws Exception {
        DescriptorServer[] self = new DescriptorServer[1];
        Outcomes outcomes = new Outcomes(to -> {
            to.add(udp.offer(0));
            self[0].close();
        });
        DescriptorServer server = DescriptorServer.listen(path, outcomes);
        self[0] = server;
        assertThat(Outcomes.of(Receiver.from(server.path()).receiveOne())).contains("the sender was closed");
        assertThat(outcomes.next()).isEqualTo("the sender was closed");
        server.close();
        server.close();
        assertThat(path).doesNotExist();
    }

    @Test
    void shouldTellTheReceiverHowFarItGotWhenTheSenderIsGone() throws Exception {
        try (Kept kept = new Kept();
                FalseSender sender = new FalseSender(path, (bytes, lane) -> {
                    sendOneOfTwo(bytes, lane);
                    lane.close();
                    bytes.close();
                })) {
            assertThat(Outcomes.of(Receiver.from(path).receive(kept)))
                    .isEqualTo("the sender hung up: 1 of 2 descriptors are here");
            assertThat(sender).isNotNull();
        }
    }
}
