// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.descriptor;

import io.netty.channel.unix.Socket;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Descriptors that are kept for what has to be possible although no other is left. Each is a socket that is used for
 * nothing; to give it up makes room for one descriptor. On one event loop.
 */
public final class DescriptorReserve implements AutoCloseable {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(DescriptorReserve.class);

    private final int size;
    private final Deque<Socket> kept = new ArrayDeque<>();
    private boolean closed;

    /** @param size how many are kept, where there is room for them */
    public DescriptorReserve(int size) {
        this.size = size;
        fill();
    }

    /** Makes room for one descriptor; {@code false} if there is nothing left to give up. */
    public boolean giveUp() {
        Socket one = kept.poll();
        if (one == null) {
            return false;
        }
        close(one);
        return true;
    }

    /** Keeps as many as it may again; {@code false} if there is no room for all of them yet. */
    public boolean fill() {
        while (!closed && kept.size() < size) {
            try {
                kept.add(UnixSockets.datagram());
            } catch (IOException e) {
                LOGGER.debug("graceful-netty: a reserve of {} descriptors has {}", size, kept.size(), e);
                return false;
            }
        }
        return true;
    }

    /** Closes what is kept, and keeps nothing any more. */
    @Override
    public void close() {
        closed = true;
        kept.forEach(DescriptorReserve::close);
        kept.clear();
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOGGER.debug("graceful-netty: cannot close a socket", e);
        }
    }
}
