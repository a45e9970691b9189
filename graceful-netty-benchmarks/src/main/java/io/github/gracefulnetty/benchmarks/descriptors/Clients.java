// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.descriptors;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/** The other ends of the connections that are handed over: here, because the sender has no descriptors left for them. */
final class Clients implements AutoCloseable {
    private final List<SocketChannel> open = new ArrayList<>();

    void connect(int count, int port) throws IOException {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        for (int i = 0; i < count; i++) {
            SocketChannel client = SocketChannel.open(address);
            open.add(client);
            client.setOption(StandardSocketOptions.SO_LINGER, 0); // a reset leaves no TIME_WAIT behind
        }
    }

    @Override
    public void close() throws IOException {
        for (SocketChannel client : open) {
            client.close();
        }
    }
}
