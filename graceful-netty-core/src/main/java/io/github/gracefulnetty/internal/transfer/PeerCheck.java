// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.github.gracefulnetty.internal.process.OtherProcess;
import io.github.gracefulnetty.internal.process.OwnUid;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.unix.PeerCredentials;
import java.io.IOException;

/** Who is on the other side of a connection: only a process of our own user may be. */
public final class PeerCheck {
    private PeerCheck() {}

    /** Somebody else is there, or the kernel does not tell. */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        private Refused(String message) {
            super(message);
        }
    }

    /**
     * The peer, if it is one of our user's.
     *
     * @param where the connection leads to, for the message
     */
    public static PeerCredentials of(NativeTransport transport, Channel connection, String where) throws Refused {
        if (!connection.isOpen()) {
            throw new Refused("cannot reach " + where + ": it is closed");
        }
        PeerCredentials peer;
        int own;
        try {
            peer = transport.peerCredentials(connection);
            own = OwnUid.get();
        } catch (IOException e) {
            throw new Refused("cannot find out who is on the other side of " + where + ": " + Reasons.of(e));
        }
        if (peer.uid() != own) {
            throw new Refused(where + " belongs to uid " + peer.uid() + ", we are uid " + own + ": refused");
        }
        return peer;
    }

    /**
     * Checks that another connection comes from the process of the first one, as far as the kernel tells. It tells 0 for each
     * process of a pid namespace that cannot be seen from here: those look alike, all others do not.
     *
     * @param first the pid of the process at the other end of the first connection, 0 if it is not known
     * @throws Refused if it is another process
     */
    public static void sameProcess(long first, PeerCredentials second, String where) throws Refused {
        if (second.pid() != first) {
            throw new Refused("the descriptor connection with " + where + " is " + whose(second.pid())
                    + ", the byte connection " + whose(first) + ": refused");
        }
    }

    private static String whose(long pid) {
        return "that of " + OtherProcess.describe(pid);
    }
}
