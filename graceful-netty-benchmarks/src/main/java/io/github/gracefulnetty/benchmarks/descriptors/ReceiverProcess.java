// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.descriptors;

import io.github.gracefulnetty.handoff.Receiver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * The receiver, in a JVM of its own: {@code <outcome> <count> <directory> <warm-up> <runs> <workers>}. Says how long its
 * first handoff took ({@code COLD}), then, after some to warm up, {@code runs} more ({@code WARM}), each next to a bare loop
 * ({@code BARE}) and one that does all that the outcome needs ({@code FLOOR}); in ns, from before it connects. What it received is closed when the clock has stopped.
 */
final class ReceiverProcess {
    static final String COLD = "COLD ";
    static final String WARM = "WARM ";
    static final String BARE = "BARE ";
    static final String FLOOR = "FLOOR ";
    static final String DONE = "DONE";

    private final Outcome outcome;
    private final int count;
    private final Path directory;
    private final EventLoopGroup loops;

    private ReceiverProcess(Outcome outcome, int count, Path directory, EventLoopGroup loops) {
        this.outcome = outcome;
        this.count = count;
        this.directory = directory;
        this.loops = loops;
    }

    @SuppressWarnings({"deprecation", "SystemOut"}) // the group of both Netty lines; the bench reads what is written
    public static void main(String... arguments) throws Exception {
        EventLoopGroup loops = new EpollEventLoopGroup(Integer.parseInt(arguments[5]));
        ReceiverProcess receiver = new ReceiverProcess(
                Outcome.valueOf(arguments[0]), Integer.parseInt(arguments[1]), Path.of(arguments[2]), loops);
        int warmUp = Integer.parseInt(arguments[3]);
        int runs = Integer.parseInt(arguments[4]);
        System.out.println(COLD + receiver.handoff());
        for (int run = -warmUp; run < runs; run++) {
            long warm = receiver.handoff();
            long bare = receiver.loop(FloorTaker.bare(receiver.count));
            long floor = receiver.loop(FloorTaker.floor(receiver.outcome, receiver.count, loops));
            if (run >= 0) {
                System.out.println(WARM + warm);
                System.out.println(BARE + bare);
                System.out.println(FLOOR + floor);
            }
        }
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        System.out.println(DONE);
    }

    private long handoff() throws InterruptedException, ExecutionException {
        try (Taker taker = outcome == Outcome.RAW ? new Taker.Raw(count) : new Taker.Registering(count, loops)) {
            Receiver receiver = Receiver.from(directory.resolve(SenderProcess.HANDOFF));
            long begun = System.nanoTime();
            int received = receiver.receiveBlocking(taker);
            if (received != count) {
                throw new IllegalStateException(received + " descriptors came instead of " + count);
            }
            return taker.last.get() - begun;
        }
    }

    private long loop(FloorTaker taker) throws IOException, InterruptedException {
        try (taker) {
            return BareLoop.receive(directory.resolve(SenderProcess.BARE), count, taker);
        }
    }
}
