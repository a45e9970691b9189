// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.accept;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** One loop that accepts and some that serve, and what they cost. */
final class ServerLoops implements AutoCloseable {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final EventLoopGroup boss;
    private final EventLoopGroup workers;
    private final long[] threadIds;

    @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
    ServerLoops(int workerLoops) throws ExecutionException, InterruptedException {
        boss = new EpollEventLoopGroup(1);
        workers = new EpollEventLoopGroup(workerLoops);
        List<Long> ids = new ArrayList<>();
        for (EventLoopGroup group : List.of(boss, workers)) {
            for (EventExecutor loop : group) {
                ids.add(loop.submit(() -> Thread.currentThread().getId()).get());
            }
        }
        threadIds = ids.stream().mapToLong(Long::longValue).toArray();
    }

    EventLoopGroup boss() {
        return boss;
    }

    EventLoopGroup workers() {
        return workers;
    }

    /** The processor time that the loops have used so far, in ns. */
    long cpuNanos() {
        long sum = 0;
        for (long id : threadIds) {
            sum += THREADS.getThreadCpuTime(id);
        }
        return sum;
    }

    @Override
    public void close() throws InterruptedException {
        boss.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        workers.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }
}
