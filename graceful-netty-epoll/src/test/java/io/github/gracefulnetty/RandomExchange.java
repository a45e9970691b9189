// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What one client says on one connection, by a seed: requests of several kinds, cut into pieces anywhere, with pauses
 * between some, and waiting for what is due between others. Then it closes its side.
 */
final class RandomExchange {
    static final String CLOSES = "connection: close\r\n";

    private static final int LIMIT_MILLIS = 20_000;

    /**
     * One write.
     *
     * @param text what is written
     * @param answers so many are waited for before it; 0 for none
     * @param pauseMicros and then so long
     */
    private record Piece(String text, int answers, int pauseMicros) {}

    private final List<Piece> pieces = new ArrayList<>();

    /** @param whole whether its last request is one that can be answered */
    RandomExchange(long seed, boolean whole) {
        Random random = new Random(seed);
        int requests = 1 + random.nextInt(6);
        StringBuilder together = new StringBuilder();
        int asked = 0;
        for (int i = 0; i < requests; i++) {
            together.append(request(random, i, i == requests - 1 && !whole));
            boolean pipelined = random.nextInt(3) == 0;
            if (!pipelined) {
                cut(random, together.toString(), asked);
                together.setLength(0);
                asked = i + 1;
            }
        }
        cut(random, together.toString(), asked);
    }

    private static String request(Random random, int number, boolean last) {
        String path = (random.nextBoolean() ? "/now" : "/in" + random.nextInt(3)) + "?" + number;
        String body = "x".repeat(random.nextInt(random.nextInt(8) == 0 ? 20_000 : 50));
        String request = switch (random.nextInt(3)) {
            case 0 -> "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
            case 1 -> "POST " + path + " HTTP/1.1\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
            default -> "POST " + path + " HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(random, body);
        };
        if (!last) {
            return request;
        }
        return switch (random.nextInt(6)) {
            case 0 -> request.substring(0, 1 + random.nextInt(request.length())); // it is never completed
            case 1 -> "GET " + path + " HTTP/1.1\r\nConnection: close\r\n\r\n";
            case 2 -> "POST " + path + " HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n";
            default -> request;
        };
    }

    private static String chunks(Random random, String body) {
        StringBuilder text = new StringBuilder();
        int at = 0;
        while (at < body.length()) {
            int length = 1 + random.nextInt(body.length() - at);
            text.append(Integer.toHexString(length)).append("\r\n");
            text.append(body, at, at + length).append("\r\n");
            at += length;
        }
        return text.append("0\r\n\r\n").toString();
    }

    private void cut(Random random, String text, int answers) {
        int at = 0;
        int due = answers;
        while (at < text.length()) {
            int length =
                    random.nextInt(3) == 0 ? text.length() - at : 1 + random.nextInt(Math.min(40, text.length() - at));
            int pause = random.nextInt(4) == 0 ? random.nextInt(5_000) : 0;
            pieces.add(new Piece(text.substring(at, at + length), due, pause));
            due = 0;
            at += length;
        }
    }

    /**
     * All that the server answers, to the end of the connection.
     *
     * @param preamble is said first
     * @param last so many answers are waited for before the client closes its side
     */
    String run(InetSocketAddress server, boolean pauses, String preamble, long last) throws IOException {
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(LIMIT_MILLIS);
            socket.setTcpNoDelay(true);
            socket.connect(server, LIMIT_MILLIS);
            socket.getOutputStream().write(preamble.getBytes(US_ASCII));
            boolean more = true;
            for (Piece piece : pieces) {
                while (more && answers(received) < piece.answers()) {
                    more = read(socket.getInputStream(), received);
                }
                if (!more) {
                    break; // as whoever reads what it is told does
                }
                if (pauses && piece.pauseMicros() > 0) {
                    LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(piece.pauseMicros()));
                }
                socket.getOutputStream().write(piece.text().getBytes(US_ASCII));
            }
            while (more && answers(received) < last) {
                more = read(socket.getInputStream(), received);
            }
            if (more) {
                socket.shutdownOutput();
            }
            while (more) {
                more = read(socket.getInputStream(), received);
            }
        } catch (IOException e) {
            if (received.toString(US_ASCII).contains(CLOSES)) {
                return received.toString(US_ASCII); // it was told, while it wrote
            }
            throw new IOException("after '" + received.toString(US_ASCII) + "'", e);
        }
        return received.toString(US_ASCII);
    }

    private static long answers(ByteArrayOutputStream received) {
        return answers(received.toString(US_ASCII));
    }

    static long answers(String received) {
        return received.chars().filter(each -> each == ';').count();
    }

    private static boolean read(InputStream in, ByteArrayOutputStream into) throws IOException {
        byte[] some = new byte[4096];
        int count = in.read(some);
        into.write(some, 0, Math.max(count, 0));
        return count >= 0;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Piece piece : pieces) {
            text.append("\n  ")
                    .append(piece.answers())
                    .append(" answers, ")
                    .append(piece.pauseMicros())
                    .append(" us, ");
            String bytes = piece.text();
            text.append(bytes.length() > 120 ? bytes.substring(0, 120) + "..." : bytes);
        }
        return text.toString();
    }
}
