// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.handoff.DescriptorServer;
import io.github.gracefulnetty.handoff.Offer;
import io.github.gracefulnetty.handoff.Offerer;
import io.github.gracefulnetty.handoff.Receiver;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/** In a process that a test starts: everything that is opened for good, and all descriptors that there are. */
final class OwnDescriptors implements AutoCloseable {
    private static final long POLL_MILLIS = 10;

    private final Deque<FileInputStream> hoard = new ArrayDeque<>();

    /** Does a whole handoff, a failed one too, so that what is opened once, or loaded, is there, and waits for its end. */
    static void warmUp(Path directory) throws Exception {
        Epoll.ensureAvailability();
        Path path = directory.resolve("warm-up.sock");
        FileDescriptor descriptor = FileDescriptor.from("/dev/null");
        try (DescriptorServer server = DescriptorServer.listen(path, Offerer.of(Offer.descriptor(descriptor)))) {
            Receiver.from(server.path()).receiveOneBlocking().close();
            Receiver.from(server.path())
                    .receive((received, metadata) -> {
                        throw new IOException("on purpose");
                    })
                    .handle((count, failure) -> String.valueOf(failure))
                    .get();
        }
        descriptor.close();
        long own = ProcessHandle.current().pid();
        while (Proc.descriptorKinds(own).contains("anon_inode eventpoll")) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS); // the event loops end by themselves
        }
    }

    /** Takes all descriptors that this process may still open, but for some. */
    void leave(int free) throws IOException {
        close();
        try {
            while (true) {
                hoard.push(new FileInputStream("/dev/null"));
            }
        } catch (IOException e) {
            for (int i = 0; i < free; i++) {
                hoard.pop().close();
            }
        }
    }

    /** Gives them back. */
    @Override
    public void close() throws IOException {
        while (!hoard.isEmpty()) {
            hoard.pop().close();
        }
    }
}
