// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One connection of a client that takes every step by itself, for tests that have to know which connection did what. */
final class HttpConnection implements AutoCloseable {
    private static final int LIMIT_MILLIS = 90_000;
    private static final Pattern LENGTH = Pattern.compile("\r\ncontent-length: *(\\d+)\r\n");
    private static final Pattern BODY = Pattern.compile("(\\d+) (\\d+)\n");

    /**
     * An answer of the example server.
     *
     * @param pid the process that answered
     * @param generation as it counts itself
     * @param closes whether it said {@code Connection: close}
     */
    record Answer(int status, long pid, int generation, boolean closes) {}

    private final SocketChannel channel;
    private final Selector selector;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private int limitMillis = LIMIT_MILLIS;
    private boolean ended;

    private HttpConnection(SocketAddress address) throws IOException {
        channel = address instanceof UnixDomainSocketAddress
                ? SocketChannel.open(StandardProtocolFamily.UNIX)
                : SocketChannel.open();
        channel.connect(address);
        channel.configureBlocking(false);
        selector = Selector.open();
        channel.register(selector, SelectionKey.OP_READ);
    }

    static HttpConnection to(InetSocketAddress address) {
        return open(address);
    }

    static HttpConnection to(Path unix) {
        return open(UnixDomainSocketAddress.of(unix));
    }

    /**
     * A connection that this process has accepted and answered: while one generation takes over from another, both accept
     * for a moment.
     */
    static HttpConnection acceptedBy(ServerGeneration server) {
        List<HttpConnection> accepted = new ArrayList<>();
        Await.until("connection accepted by " + server, () -> {
            HttpConnection connection = to(server.address());
            if (connection.get("/").pid() == server.pid()) {
                return accepted.add(connection);
            }
            connection.close();
            return false;
        });
        return accepted.get(0);
    }

    private static HttpConnection open(SocketAddress address) {
        try {
            return new HttpConnection(address);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot connect to " + address, e);
        }
    }

    /** How long to wait for an answer, where there may be none: the process that has the connection may be stopped. */
    HttpConnection patience(Duration limit) {
        limitMillis = (int) limit.toMillis();
        return this;
    }

    /** Sends a request and waits for its answer. */
    Answer get(String target) {
        return send(target).receive();
    }

    HttpConnection send(String target) {
        try {
            ByteBuffer request =
                    ByteBuffer.wrap(("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(US_ASCII));
            while (request.hasRemaining()) {
                channel.write(request);
            }
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the answer to the request that was sent. */
    Answer receive() {
        while (true) {
            String text = received.toString(US_ASCII);
            int headEnd = text.indexOf("\r\n\r\n");
            if (headEnd >= 0) {
                String head = text.substring(0, headEnd + 2).toLowerCase(Locale.ROOT);
                Matcher length = LENGTH.matcher(head);
                assertThat(length.find()).as(head).isTrue();
                int end = headEnd + 4 + Integer.parseInt(length.group(1));
                if (text.length() >= end) {
                    assertThat(text).as("nothing follows the answer").hasSize(end);
                    received.reset();
                    return answer(head, text.substring(headEnd + 4));
                }
            }
            assertThat(readMore())
                    .as("the connection was closed after '%s', before the answer was complete", text)
                    .isTrue();
        }
    }

    private static Answer answer(String head, String body) {
        int status = Integer.parseInt(head.substring(9, 12));
        boolean closes = head.contains("\r\nconnection: close\r\n");
        Matcher who = BODY.matcher(body);
        return who.matches()
                ? new Answer(status, Long.parseLong(who.group(1)), Integer.parseInt(who.group(2)), closes)
                : new Answer(status, 0, 0, closes);
    }

    /** Waits until the server ends the connection; nothing more may arrive. */
    void awaitEnd() {
        while (readMore()) {
            assertThat(received.toString(US_ASCII)).isEmpty();
        }
    }

    /** Whether the server has ended the connection, or sent something, until now. */
    boolean isSilent() {
        try {
            return !ended && selector.selectNow() == 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for bytes; {@code false} at the end. */
    private boolean readMore() {
        if (ended) {
            return false;
        }
        try {
            if (selector.select(limitMillis) == 0) {
                throw new SocketTimeoutException("nothing arrives within " + limitMillis + " ms");
            }
            selector.selectedKeys().clear();
            ByteBuffer buffer = ByteBuffer.allocate(4096);
            int count = channel.read(buffer);
            if (count < 0) {
                ended = true;
                return false;
            }
            received.write(buffer.array(), 0, count);
            return true;
        } catch (IOException e) {
            ended = true;
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            selector.close();
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
