// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Many keep-alive connections that are idle, but for what a test asks on all of them. None is ever opened again. */
final class IdleConnections implements AutoCloseable {
    private static final int LIMIT_MILLIS = 60_000;
    private static final byte[] REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII);

    /**
     * What became of one request on each connection.
     *
     * @param pids who answered, in the order of the connections; 0 for one that had ended
     * @param closing how many said that they close
     */
    record Answers(List<Long> pids, int closing) {
        long from(long pid) {
            return pids.stream().filter(answered -> answered == pid).count();
        }
    }

    private final List<Socket> sockets = new ArrayList<>();

    IdleConnections(InetSocketAddress address, int count) {
        try {
            for (int i = 0; i < count; i++) {
                Socket socket = new Socket();
                sockets.add(socket);
                socket.setSoTimeout(LIMIT_MILLIS);
                socket.connect(address, LIMIT_MILLIS);
            }
        } catch (IOException e) {
            close();
            throw new UncheckedIOException(e);
        }
    }

    /** Asks on all of them, then reads all answers. */
    Answers ask() {
        sockets.forEach(IdleConnections::send);
        List<Long> pids = new ArrayList<>();
        int closing = 0;
        for (Socket socket : sockets) {
            String answer = read(socket);
            pids.add(
                    answer.isEmpty()
                            ? 0
                            : Long.parseLong(answer.substring(answer.indexOf("\r\n\r\n") + 4)
                                    .split(" ", 2)[0]));
            closing += answer.toLowerCase(Locale.ROOT).contains("connection: close") ? 1 : 0;
        }
        return new Answers(pids, closing);
    }

    private static void send(Socket socket) {
        try {
            socket.getOutputStream().write(REQUEST);
        } catch (IOException e) {
            // It has ended, and reading will tell.
        }
    }

    /** A whole answer; empty if the connection has ended. */
    private static String read(Socket socket) {
        StringBuilder text = new StringBuilder();
        try {
            InputStream in = socket.getInputStream();
            int body = -1;
            while (body < 0 || text.indexOf("\n", body + 4) < 0) {
                int next = in.read();
                if (next < 0) {
                    return "";
                }
                text.append((char) next);
                body = body < 0 ? text.indexOf("\r\n\r\n") : body;
            }
            return text.toString();
        } catch (SocketTimeoutException e) {
            throw new AssertionError("a connection was owned by nobody: no answer and no end", e);
        } catch (IOException e) {
            return "";
        }
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
