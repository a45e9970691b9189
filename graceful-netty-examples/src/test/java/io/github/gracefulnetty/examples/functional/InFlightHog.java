// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.internal.process.SocketPair;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.FileDescriptor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps descriptors on their way, by sending them to sockets that nobody reads from. They count for its user: another
 * process of that user can send none while they are more than that process may have open itself.
 */
final class InFlightHog {
    private InFlightHog() {}

    /** Arguments: the directory of steps, any path, how many. */
    public static void main(String... arguments) throws Exception {
        Epoll.ensureAvailability();
        Steps steps = new Steps(Path.of(arguments[0]));
        int wanted = Integer.parseInt(arguments[2]);
        FileDescriptor sent = FileDescriptor.from("/dev/null");
        List<SocketPair> pairs = new ArrayList<>();
        for (int inFlight = 0; inFlight < wanted; ) {
            SocketPair pair = SocketPair.open();
            pairs.add(pair);
            while (inFlight < wanted && pair.near().sendFd(sent.intValue()) > 0) {
                inFlight++;
            }
        }
        Steps.done("start");
        steps.await("end");
        for (SocketPair pair : pairs) {
            pair.close();
        }
    }
}
