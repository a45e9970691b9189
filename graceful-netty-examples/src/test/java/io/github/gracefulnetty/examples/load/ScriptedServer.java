// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A server that misbehaves as it is told, with blocking sockets and a thread per connection. */
final class ScriptedServer implements AutoCloseable {

    /** What to do with one connection, from its beginning to its end; it is closed afterwards. */
    interface Script {
        void serve(Peer peer) throws IOException;
    }

    private final ServerSocket socket;
    private final Script script;
    private final List<Peer> peers = new ArrayList<>();
    private final AtomicInteger live = new AtomicInteger();
    private volatile @Nullable IOException failure;

    private ScriptedServer(Script script) throws IOException {
        this.script = script;
        socket = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
    }

    static ScriptedServer start(Script script) throws IOException {
        ScriptedServer server = new ScriptedServer(script);
        daemon(server::acceptAll);
        return server;
    }

    /** Answers everything as generation 1 of process 100. */
    static void behave(Peer peer) throws IOException {
        while (peer.awaitRequest()) {
            peer.answer(100, 1);
        }
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "scripted-server");
        thread.setDaemon(true);
        thread.start();
    }

    private void acceptAll() {
        while (!socket.isClosed()) {
            try {
                Peer peer = add(socket.accept());
                daemon(() -> serve(peer));
            } catch (IOException e) {
                if (!socket.isClosed()) {
                    failure = e;
                }
            }
        }
    }

    private synchronized Peer add(Socket accepted) throws IOException {
        live.incrementAndGet();
        Peer peer = new Peer(accepted, peers.size());
        peers.add(peer);
        return peer;
    }

    private void serve(Peer peer) {
        try (peer.socket) {
            script.serve(peer);
        } catch (IOException e) {
            failure = e;
        } finally {
            live.decrementAndGet();
        }
    }

    InetSocketAddress address() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    synchronized int connections() {
        return peers.size();
    }

    /** Connections whose script has not ended. */
    int live() {
        return live.get();
    }

    /** What went wrong here, which no test expects. */
    @Nullable
    IOException failure() {
        return failure;
    }

    @Override
    public synchronized void close() throws IOException {
        socket.close();
        for (Peer peer : peers) {
            peer.socket.close();
        }
    }

    /** The server's side of one connection. */
    static final class Peer {

        final int number;
        private final Socket socket;
        private final InputStream in;
        private String request = "";

        private Peer(Socket socket, int number) throws IOException {
            this.socket = socket;
            this.number = number;
            in = new BufferedInputStream(socket.getInputStream());
            socket.setTcpNoDelay(true);
        }

        /** Reads one request; false when the client closed. */
        boolean awaitRequest() throws IOException {
            StringBuilder text = new StringBuilder();
            while (text.indexOf("\r\n\r\n") < 0) {
                int each = in.read();
                if (each < 0) {
                    return false;
                }
                text.append((char) each);
            }
            request = text.toString();
            return true;
        }

        /** Waits until the client closes, and fails if it sends another request. */
        void awaitEnd() throws IOException {
            if (awaitRequest()) {
                throw new IOException("unexpected: " + request);
            }
        }

        /** Whether the client closes within {@code limit}. */
        boolean endsWithin(Duration limit) throws IOException {
            socket.setSoTimeout((int) limit.toMillis());
            try {
                return in.read() < 0;
            } catch (SocketTimeoutException e) {
                return false;
            }
        }

        /** The request read last. */
        String request() {
            return request;
        }

        void answer(long pid, int generation) throws IOException {
            send(response(pid, generation, ""));
        }

        void send(String text) throws IOException {
            socket.getOutputStream().write(text.getBytes(US_ASCII));
        }

        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }
    }

    /** A correct response with more header lines, each with its line end. */
    static String response(long pid, int generation, String headers) {
        String body = pid + " " + generation + "\n";
        return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + body.length() + "\r\n\r\n" + body;
    }
}
