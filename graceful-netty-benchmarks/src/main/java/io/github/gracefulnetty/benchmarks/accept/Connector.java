// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.accept;

import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The cheapest client there is: three system calls for each connection. It closes its side only after the server has
 * reset it, so that no TIME_WAIT is left and each connection is alive when it is accepted. One thread.
 */
final class Connector {
    private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final AcceptingServer server;
    private final @Nullable Socket[] open;
    private long connected;

    /** @param window how many connections may be open, well below the server's backlog */
    Connector(AcceptingServer server, int window) {
        this.server = server;
        this.open = new Socket[window];
    }

    /** Makes so many connections, and waits until the server has closed all of them. */
    void connect(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            int slot = (int) (connected % open.length);
            awaitClosed(connected - open.length + 1);
            close(slot);
            Socket socket = Socket.newSocketStream();
            open[slot] = socket;
            socket.connect(server.address());
            connected++;
        }
        awaitClosed(connected);
    }

    private void close(int slot) throws IOException {
        Socket socket = open[slot];
        open[slot] = null;
        if (socket != null) {
            socket.close();
        }
    }

    /** The count also shows that no connection was lost. */
    @SuppressWarnings("ThreadPriorityCheck") // to leave the processor to the server, without the latency of sleeping
    private void awaitClosed(long count) throws IOException {
        long deadline = 0;
        while (server.closed() < count) {
            if (deadline == 0) {
                deadline = System.nanoTime() + TIMEOUT_NANOS;
            } else if (System.nanoTime() - deadline > 0) {
                throw new IOException(count - server.closed() + " connections were not accepted within 10 s");
            }
            Thread.yield();
        }
    }

    void close() throws IOException {
        for (int slot = 0; slot < open.length; slot++) {
            close(slot);
        }
        Arrays.fill(open, null);
    }
}
