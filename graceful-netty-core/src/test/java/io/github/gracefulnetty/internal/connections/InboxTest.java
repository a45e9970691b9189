// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.EventLoop;
import io.netty.channel.nio.NioEventLoopGroup;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InboxTest {
    private final EventLoop loop = newLoop();
    private final CountDownLatch busy = new CountDownLatch(1);
    private final Recorder owner = new Recorder();
    private final Inbox<Integer> inbox = new Inbox<>(loop, owner);

    @AfterEach
    void endLoop() {
        busy.countDown();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @Test
    void shouldTakeWhatHasComeMeanwhileInOneTaskAndInOrder() {
        keepBusy();
        IntStream.range(0, 40).forEach(inbox::put);
        busy.countDown();
        await().until(() -> owner.tasks.equals(List.of(40)));
        assertThat(owner.taken).containsExactlyElementsOf(numbers(40));
    }

    @Test
    void shouldLetOthersHaveTheLoopBetween() {
        keepBusy();
        IntStream.range(0, 150).forEach(inbox::put);
        List<Integer> seen = new CopyOnWriteArrayList<>();
        loop.execute(() -> seen.add(owner.taken.size()));
        busy.countDown();
        await().until(() -> owner.tasks.equals(List.of(64, 64, 22)));
        assertThat(seen).containsExactly(64);
        assertThat(owner.taken).containsExactlyElementsOf(numbers(150));
    }

    @Test
    void shouldTakeEverythingOnceFromManyThreads() throws Exception {
        List<Thread> threads = IntStream.range(0, 4)
                .mapToObj(part ->
                        new Thread(() -> IntStream.range(0, 10_000).forEach(i -> inbox.put(part * 10_000 + i))))
                .toList();
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        await().until(() -> owner.taken.size() == 40_000);
        assertThat(owner.taken).containsExactlyInAnyOrderElementsOf(numbers(40_000));
        assertThat(owner.rejected).isEmpty();
    }

    @Test
    void shouldGoOnAfterOneThatFails() {
        owner.failOn = 1;
        IntStream.range(0, 3).forEach(inbox::put);
        await().until(() -> owner.taken.contains(2));
        assertThat(owner.taken).containsExactly(0, 2);
    }

    @Test
    void shouldRejectEachWhenTheLoopHasEnded() {
        endLoop();
        inbox.put(1);
        inbox.put(2);
        assertThat(owner.rejected).containsExactly(1, 2);
        assertThat(owner.taken).isEmpty();
    }

    /** One that survives a task that fails. */
    @SuppressWarnings("deprecation") // the group of both Netty lines
    private static EventLoop newLoop() {
        return new NioEventLoopGroup(1).next();
    }

    private void keepBusy() {
        loop.execute(() -> {
            try {
                busy.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static List<Integer> numbers(int count) {
        return IntStream.range(0, count).boxed().toList();
    }

    private static final class Recorder implements Inbox.Owner<Integer> {
        final ConcurrentLinkedQueue<Integer> taken = new ConcurrentLinkedQueue<>();
        final List<Integer> tasks = new CopyOnWriteArrayList<>();
        final ConcurrentLinkedQueue<Integer> rejected = new ConcurrentLinkedQueue<>();
        volatile int failOn = -1;
        private int before;

        @Override
        public void take(Integer one) {
            if (one == failOn) {
                throw new IllegalStateException("as the test wants");
            }
            taken.add(one);
        }

        @Override
        public void taken() {
            int now = taken.size();
            tasks.add(now - before);
            before = now;
        }

        @Override
        public void reject(Integer one) {
            rejected.add(one);
        }
    }
}
