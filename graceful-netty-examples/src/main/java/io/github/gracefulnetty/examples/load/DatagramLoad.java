// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * Clients that send numbered datagrams at a steady rate and never send one twice. Each counts what was answered, and how
 * often. One thread a client.
 */
public final class DatagramLoad implements AutoCloseable {
    private final List<DatagramClient> clients;

    private DatagramLoad(List<DatagramClient> clients) {
        this.clients = clients;
    }

    /** @param perSecond how many datagrams all clients together send in a second */
    public static DatagramLoad start(InetSocketAddress server, int clients, int perSecond) throws IOException {
        List<DatagramClient> started = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            DatagramClient client = new DatagramClient(server, perSecond / clients);
            started.add(client);
            client.start();
        }
        return new DatagramLoad(started);
    }

    /** How many answers have come from this generation so far. */
    public long answersFrom(int generation) {
        return clients.stream()
                .mapToLong(client -> client.answersFrom(generation))
                .sum();
    }

    /** How many datagrams were sent so far. */
    public long sent() {
        return clients.stream().mapToLong(DatagramClient::sent).sum();
    }

    /** Sends no more, and waits until all are answered, or no answer has come for some seconds. */
    public DatagramResult stop() {
        clients.forEach(DatagramClient::stopSending);
        DatagramResult total = new DatagramResult(0, 0, 0, 0);
        for (DatagramClient client : clients) {
            total = total.plus(client.result());
        }
        return total;
    }

    @Override
    public void close() {
        clients.forEach(DatagramClient::close);
    }
}
