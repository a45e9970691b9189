// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.restart;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/** Keep-alive connections to a server of the http example's kind, on which nothing happens unless it is asked for. */
final class IdleConnections implements AutoCloseable {
    private static final int LIMIT_MILLIS = 60_000;

    private final List<Socket> sockets = new ArrayList<>();

    /** Opens {@code count} of them to a port of this machine. */
    IdleConnections(int port, int count) throws IOException {
        try {
            for (int i = 0; i < count; i++) {
                Socket socket = new Socket();
                sockets.add(socket);
                socket.setSoTimeout(LIMIT_MILLIS);
                socket.connect(new InetSocketAddress("127.0.0.1", port), LIMIT_MILLIS);
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** A port that was free. */
    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /** Which generation answers on each; 0 where nobody does. */
    List<Integer> ask() throws IOException {
        for (Socket socket : sockets) {
            socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII));
        }
        List<Integer> generations = new ArrayList<>();
        for (Socket socket : sockets) {
            generations.add(answer(socket.getInputStream()));
        }
        return generations;
    }

    private static int answer(InputStream in) throws IOException {
        StringBuilder text = new StringBuilder();
        byte[] some = new byte[1024];
        int body = -1;
        while (body < 0 || text.indexOf("\n", body + 4) < 0) {
            int count = in.read(some);
            if (count < 0) {
                return 0;
            }
            text.append(new String(some, 0, count, US_ASCII));
            body = body < 0 ? text.indexOf("\r\n\r\n") : body;
        }
        String[] pidAndGeneration = text.substring(body + 4).trim().split(" ", 2);
        return Integer.parseInt(pidAndGeneration[1]);
    }

    @Override
    public void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
