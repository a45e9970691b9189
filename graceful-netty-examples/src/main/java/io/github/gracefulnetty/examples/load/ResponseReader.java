// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Reads one HTTP/1 response at a time and accepts only what a correct server sends here: status 200, a length, and a
 * body of {@code <pid> <generation>\n}, with not a byte after it. Reused for all responses of a connection.
 */
final class ResponseReader {

    enum Progress {
        INCOMPLETE,
        COMPLETE,
        MALFORMED
    }

    private static final int MAX_BYTES = 64 * 1024;
    private static final int SHOWN_BYTES = 80;

    private final ResponseHead head = new ResponseHead();
    private byte[] bytes = new byte[512];
    private int length;
    private int headLength;
    private long pid;
    private int generation;
    private String problem = "";

    /** Begins the next response. */
    void reset() {
        length = 0;
        headLength = 0;
        problem = "";
    }

    /** Takes all that is readable, without releasing it. */
    Progress read(ByteBuf in) {
        int more = in.readableBytes();
        if (length + more > MAX_BYTES) {
            return malformed("more than " + MAX_BYTES + " bytes");
        }
        if (length + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
        }
        in.readBytes(bytes, length, more);
        int searchFrom = Math.max(0, length - 3);
        length += more;
        if (headLength == 0) {
            headLength = ResponseHead.end(bytes, searchFrom, length);
            if (headLength == 0) {
                return Progress.INCOMPLETE;
            }
            String wrong = head.parse(bytes, headLength);
            if (!wrong.isEmpty()) {
                return malformed(wrong);
            }
        }
        return head.chunked() ? readChunks() : readPlain();
    }

    private Progress readPlain() {
        long missing = head.contentLength() - (length - headLength);
        if (missing > 0) {
            return Progress.INCOMPLETE;
        }
        return missing < 0
                ? malformed(-missing + " bytes after the end of the response")
                : readBody(bytes, headLength, length);
    }

    private Progress readChunks() {
        ChunkedBody body = new ChunkedBody();
        return switch (body.decode(bytes, headLength, length)) {
            case INCOMPLETE -> Progress.INCOMPLETE;
            case MALFORMED -> malformed("bad chunked encoding");
            case COMPLETE -> readBody(body.content(), 0, body.content().length);
        };
    }

    private Progress readBody(byte[] from, int start, int end) {
        int space = digits(from, start, end);
        int newline = space < end ? digits(from, space + 1, end) : end;
        if (space == start
                || newline == space + 1
                || newline != end - 1
                || from[space] != ' '
                || from[newline] != '\n'
                || space - start > 18
                || newline - space > 10) {
            return malformed("body is not <pid> <generation>");
        }
        pid = number(from, start, space);
        generation = (int) number(from, space + 1, newline);
        return Progress.COMPLETE;
    }

    private static int digits(byte[] from, int start, int end) {
        int at = start;
        while (at < end && from[at] >= '0' && from[at] <= '9') {
            at++;
        }
        return at;
    }

    private static long number(byte[] from, int start, int end) {
        long value = 0;
        for (int at = start; at < end; at++) {
            value = value * 10 + (from[at] - '0');
        }
        return value;
    }

    private Progress malformed(String why) {
        problem = why + ": " + shown();
        return Progress.MALFORMED;
    }

    private String shown() {
        String text = new String(bytes, 0, Math.min(length, SHOWN_BYTES), ISO_8859_1);
        return '"' + text.replace("\r", "\\r").replace("\n", "\\n") + (length > SHOWN_BYTES ? "\"..." : "\"");
    }

    /** Bytes of the response so far. */
    int length() {
        return length;
    }

    /** What is wrong with a malformed response. */
    String problem() {
        return problem;
    }

    /** The process that sent a complete response. */
    long pid() {
        return pid;
    }

    /** The generation of the process that sent a complete response. */
    int generation() {
        return generation;
    }

    /** Whether the server said that a complete response is the connection's last. */
    boolean closes() {
        return head.closes();
    }
}
