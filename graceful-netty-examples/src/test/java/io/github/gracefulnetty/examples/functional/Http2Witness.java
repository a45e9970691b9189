// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Stands between an HTTP/2 client and its server, in clear text, and counts what really goes over the wire: the streams that
 * the client has opened, and those that the server has answered to the end. What a client calls failed without having sent
 * it is not the server's loss; what it has sent and the server has not answered is, whatever either of them says.
 */
public final class Http2Witness implements AutoCloseable {
    private static final int BUFFER = 16 * 1024;

    private final InetSocketAddress server;
    private final ServerSocket listener;
    private final List<WitnessedConnection> connections = new CopyOnWriteArrayList<>();
    private final List<String> problems = new CopyOnWriteArrayList<>();
    private final List<Thread> threads = new CopyOnWriteArrayList<>();

    private Http2Witness(InetSocketAddress server) throws IOException {
        this.server = server;
        listener = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
    }

    /** Connections to {@link #address()} go to {@code server} from now on. */
    public static Http2Witness of(InetSocketAddress server) {
        try {
            Http2Witness witness = new Http2Witness(server);
            witness.run("witness", witness::accept);
            return witness;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    /** How many streams clients have opened. */
    public int opened() {
        return connections.stream().mapToInt(WitnessedConnection::opened).sum();
    }

    /** How many connections have opened a stream. */
    long connectionsInUse() {
        return connections.stream().filter(each -> each.opened() > 0).count();
    }

    /**
     * Waits until all connections have ended: each stream that was opened was answered, and no connection was refused.
     */
    public void assertAllAnswered() {
        Await.until("end of the connections", () -> connections.stream().allMatch(WitnessedConnection::ended));
        List<String> lost = new ArrayList<>(problems);
        connections.forEach(connection -> lost.addAll(connection.unanswered()));
        System.out.println("on the wire: " + this);
        assertThat(lost).as("%s", this).isEmpty();
        assertThat(opened()).isPositive();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                Socket upstream = new Socket();
                try {
                    upstream.connect(server);
                } catch (IOException e) {
                    problems.add("a connection to " + server + ": " + e.getMessage());
                    client.close();
                    continue;
                }
                client.setTcpNoDelay(true);
                upstream.setTcpNoDelay(true);
                WitnessedConnection connection = new WitnessedConnection(connections.size() + 1);
                connections.add(connection);
                run("to-server", () -> copy(client, upstream, connection.fromClient()));
                run("to-client", () -> copy(upstream, client, connection.fromServer()));
            }
        } catch (IOException e) {
            if (!listener.isClosed()) {
                problems.add("the witness itself: " + e);
            }
        }
    }

    /** Until the end of {@code from}, or until one of them breaks. What was read has been counted before it is passed on. */
    private void copy(Socket from, Socket to, Http2Frames frames) {
        byte[] buffer = new byte[BUFFER];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                frames.read(buffer, read);
                out.write(buffer, 0, read);
            }
            frames.ended("");
            to.shutdownOutput();
        } catch (IOException e) {
            frames.ended(": " + e.getMessage());
            close(from);
            close(to);
        } catch (IllegalStateException e) {
            problems.add(e.getMessage());
            frames.ended(": " + e.getMessage());
            close(from);
            close(to);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void run(String name, Runnable action) {
        Thread thread = new Thread(action, "http2-" + name);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        int answered =
                connections.stream().mapToInt(WitnessedConnection::answered).sum();
        return connections.size() + " connections, " + opened() + " streams opened, " + answered + " answered";
    }
}
