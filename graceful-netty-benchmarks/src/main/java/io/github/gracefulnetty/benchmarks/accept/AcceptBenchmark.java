// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.accept;

import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Accepts, registers and closes connections from 127.0.0.1; an operation is one connection. The client is in the same
 * process. Usually run by {@link AcceptBench}.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class AcceptBenchmark {
    private static final int BATCH = 2_000;
    private static final int WINDOW = 512;

    /** A server and its client. */
    private static final class Pair {
        final ServerLoops loops;
        final AcceptingServer server;
        final Connector connector;

        Pair(ServerKind kind, ServerLoops loops) throws InterruptedException {
            this.loops = loops;
            server = new AcceptingServer(kind, loops);
            connector = new Connector(server, WINDOW);
        }

        void run(Cost cost) throws IOException {
            long cpu = loops.cpuNanos();
            long begun = System.nanoTime();
            connector.connect(BATCH);
            cost.nanos += System.nanoTime() - begun;
            cost.cpuNanos += loops.cpuNanos() - cpu;
        }

        void close() throws IOException, InterruptedException {
            connector.close();
            server.close();
        }
    }

    private static final class Cost {
        long nanos;
        long cpuNanos;
    }

    /** One server alone. */
    @State(Scope.Benchmark)
    public static class Alone {
        /** What binds the server. */
        @Param
        public ServerKind server = ServerKind.PLAIN;

        /** How many event loops serve the connections. */
        @Param("1")
        public int workers;

        private @Nullable ServerLoops loops;
        private @Nullable Pair pair;

        /** Starts it. */
        @Setup
        public void start() throws Exception {
            loops = new ServerLoops(workers);
            pair = new Pair(server, loops);
        }

        /** Stops it. */
        @TearDown
        public void stop() throws Exception {
            started(pair).close();
            started(loops).close();
        }
    }

    /** Both on the same event loops. */
    @State(Scope.Benchmark)
    public static class Both {
        /** How many event loops serve the connections. */
        @Param("1")
        public int workers;

        private @Nullable ServerLoops loops;
        private @Nullable Pair plain;
        private @Nullable Pair graceful;
        private boolean gracefulFirst;

        /** Starts them. */
        @Setup
        public void start() throws Exception {
            loops = new ServerLoops(workers);
            plain = new Pair(ServerKind.PLAIN, loops);
            graceful = new Pair(ServerKind.GRACEFUL, loops);
        }

        /** Stops them. */
        @TearDown
        public void stop() throws Exception {
            started(graceful).close();
            started(plain).close();
            started(loops).close();
        }
    }

    /** What the batches of an iteration took, added up. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Sums {
        /** Elapsed time of the plain server's batches, in ns. */
        public double plainNanos;

        /** Processor time of the event loops in the plain server's batches, in ns. */
        public double plainCpuNanos;

        /** The same for the graceful server, or for the only one. */
        public double nanos;

        /** The same for the graceful server, or for the only one. */
        public double cpuNanos;

        /** Connections of each server. */
        public double connections;

        /** Begins an iteration. */
        @Setup(Level.Iteration)
        public void reset() {
            plainNanos = 0;
            plainCpuNanos = 0;
            nanos = 0;
            cpuNanos = 0;
            connections = 0;
        }

        private void addPlain(Cost cost) {
            plainNanos += cost.nanos;
            plainCpuNanos += cost.cpuNanos;
        }

        private void add(Cost cost) {
            nanos += cost.nanos;
            cpuNanos += cost.cpuNanos;
            connections += BATCH;
        }
    }

    /** A batch of connections to one server. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void alone(Alone alone, Sums sums) throws IOException {
        Cost cost = new Cost();
        started(alone.pair).run(cost);
        sums.add(cost);
    }

    /** A batch of connections to each server, one after the other, the first being the other one each time. */
    @Benchmark
    @OperationsPerInvocation(2 * BATCH)
    public void inTurn(Both both, Sums sums) throws IOException {
        Cost plain = new Cost();
        Cost graceful = new Cost();
        if (both.gracefulFirst) {
            started(both.graceful).run(graceful);
            started(both.plain).run(plain);
        } else {
            started(both.plain).run(plain);
            started(both.graceful).run(graceful);
        }
        both.gracefulFirst = !both.gracefulFirst;
        sums.addPlain(plain);
        sums.add(graceful);
    }

    private static <T> T started(@Nullable T part) {
        return Objects.requireNonNull(part, "not started");
    }
}
