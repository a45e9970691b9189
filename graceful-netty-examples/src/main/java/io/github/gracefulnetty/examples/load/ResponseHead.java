// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Locale;

/** The status line and header fields of an HTTP/1 response: those that say how it is framed. Reused. */
final class ResponseHead {

    private static final int VERSION_LENGTH = "HTTP/1.1 ".length();
    private static final int STATUS_END = VERSION_LENGTH + 3;

    private long contentLength;
    private boolean chunked;
    private boolean closes;

    /** The length of the head including its empty line; 0 when that has not arrived. */
    static int end(byte[] bytes, int from, int to) {
        for (int at = from; at + 3 < to; at++) {
            if (bytes[at] == '\r' && bytes[at + 1] == '\n' && bytes[at + 2] == '\r' && bytes[at + 3] == '\n') {
                return at + 4;
            }
        }
        return 0;
    }

    /** Returns what is wrong; empty when nothing is. */
    String parse(byte[] bytes, int length) {
        contentLength = -1;
        chunked = false;
        if (length < STATUS_END || !matches(bytes, 0, "http/1.")) {
            return "not an HTTP/1 response";
        }
        closes = bytes[VERSION_LENGTH - 2] == '0';
        if (!matches(bytes, VERSION_LENGTH, "200") || bytes[STATUS_END] > ' ') {
            return "status is not 200";
        }
        int line = endOfLine(bytes, STATUS_END) + 2;
        while (line < length - 2) {
            int end = endOfLine(bytes, line);
            if (matches(bytes, line, "content-length:")) {
                contentLength = number(bytes, line + "content-length:".length(), end);
            } else if (matches(bytes, line, "transfer-encoding:")) {
                chunked = value(bytes, line, end).equals("chunked");
            } else if (matches(bytes, line, "connection:")) {
                connection(value(bytes, line, end));
            }
            line = end + 2;
        }
        return chunked == (contentLength < 0) ? "" : "neither a length nor chunked, or both";
    }

    private void connection(String options) {
        for (String option : options.split(",", -1)) {
            switch (option.trim()) {
                case "close" -> closes = true;
                case "keep-alive" -> closes = false;
                default -> {}
            }
        }
    }

    /** Without garbage, for this is read once per response; -1 when it is not a number or too large. */
    private static long number(byte[] bytes, int from, int end) {
        int at = from;
        while (at < end && bytes[at] == ' ') {
            at++;
        }
        int stop = end;
        while (stop > at && bytes[stop - 1] == ' ') {
            stop--;
        }
        long value = at == stop || stop - at > 9 ? -1 : 0;
        for (; value >= 0 && at < stop; at++) {
            value = bytes[at] >= '0' && bytes[at] <= '9' ? value * 10 + (bytes[at] - '0') : -1;
        }
        return value;
    }

    private static String value(byte[] bytes, int line, int end) {
        int from = line;
        while (bytes[from] != ':') {
            from++;
        }
        return new String(bytes, from + 1, end - from - 1, ISO_8859_1).trim().toLowerCase(Locale.ROOT);
    }

    /** There always is one: the head ends with an empty line. */
    private static int endOfLine(byte[] bytes, int from) {
        int at = from;
        while (bytes[at] != '\r' || bytes[at + 1] != '\n') {
            at++;
        }
        return at;
    }

    private static boolean matches(byte[] bytes, int from, String lowerCase) {
        if (from + lowerCase.length() > bytes.length) {
            return false;
        }
        for (int at = 0; at < lowerCase.length(); at++) {
            byte each = bytes[from + at];
            if ((each >= 'A' && each <= 'Z' ? each + ('a' - 'A') : each) != lowerCase.charAt(at)) {
                return false;
            }
        }
        return true;
    }

    /** Body length in bytes; -1 for a chunked body. */
    long contentLength() {
        return contentLength;
    }

    boolean chunked() {
        return chunked;
    }

    boolean closes() {
        return closes;
    }
}
