// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Descriptors to pass on: UDP sockets, told apart by their ports, which go along as metadata. */
final class Udp implements AutoCloseable {
    static {
        Epoll.ensureAvailability(); // loads what Socket calls
    }

    private final List<Socket> sockets = new ArrayList<>();

    Udp(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            Socket socket = Socket.newSocketDgram();
            sockets.add(socket);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        }
    }

    Socket socket(int index) {
        return sockets.get(index);
    }

    int port(int index) {
        return socket(index).localAddress().getPort();
    }

    List<Integer> ports() {
        return sockets.stream().map(socket -> socket.localAddress().getPort()).toList();
    }

    Offer offer(int index) {
        return offer(index, Integer.BYTES);
    }

    /** With so many bytes of metadata, that begin with the port. */
    private Offer offer(int index, int bytes) {
        byte[] metadata = ByteBuffer.allocate(bytes).putInt(port(index)).array();
        return Offer.descriptor(socket(index)).named("udp" + index).with(metadata);
    }

    Offerer all() {
        return all(Integer.BYTES);
    }

    Offerer all(int bytesOfMetadata) {
        return to -> {
            for (int i = 0; i < sockets.size(); i++) {
                to.add(offer(i, bytesOfMetadata));
            }
        };
    }

    @Override
    public void close() {
        for (Socket socket : sockets) {
            try {
                socket.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
