// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import io.github.gracefulnetty.internal.descriptor.UnixSockets;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/** Starts a process, if there is room for one. */
public final class ChildProcess {
    /** Two pipes of the JDK, and some more for a JDK that needs more. */
    private static final int DESCRIPTORS = 6;

    private ChildProcess() {}

    /**
     * Starts it. Where the JDK finds room for one of its pipes only, it never closes that one: so it is not asked then.
     *
     * @param builder whose standard streams are inherited or files
     * @throws IOException if it cannot be started, for want of descriptors for instance; it says why, and nothing is left open
     */
    public static Process start(ProcessBuilder builder) throws IOException {
        checkRoom();
        return builder.start();
    }

    private static void checkRoom() throws IOException {
        Deque<Socket> room = new ArrayDeque<>();
        try {
            while (room.size() < DESCRIPTORS) {
                room.push(UnixSockets.datagram());
            }
        } finally {
            for (Socket one : room) {
                one.close();
            }
        }
    }
}
