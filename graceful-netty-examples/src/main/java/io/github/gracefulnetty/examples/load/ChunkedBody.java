// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.github.gracefulnetty.examples.load.ResponseReader.Progress;
import java.io.ByteArrayOutputStream;

/** A body in chunked encoding without trailers. */
final class ChunkedBody {

    private final ByteArrayOutputStream content = new ByteArrayOutputStream();

    /** Decodes a body as far as it has arrived. */
    Progress decode(byte[] bytes, int from, int to) {
        content.reset();
        int at = from;
        while (true) {
            int end = endOfLine(bytes, at, to);
            if (end < 0) {
                return Progress.INCOMPLETE;
            }
            String size = new String(bytes, at, end - at, ISO_8859_1);
            if (!size.matches("[0-9a-fA-F]{1,6}(;.*)?")) {
                return Progress.MALFORMED;
            }
            int count = Integer.parseInt(size.replaceFirst(";.*", ""), 16);
            int next = end + 2 + count;
            if (to < next + 2) {
                return Progress.INCOMPLETE;
            }
            if (bytes[next] != '\r' || bytes[next + 1] != '\n') {
                return Progress.MALFORMED;
            }
            content.write(bytes, end + 2, count);
            at = next + 2;
            if (count == 0) {
                return at == to ? Progress.COMPLETE : Progress.MALFORMED;
            }
        }
    }

    /** What has been decoded. */
    byte[] content() {
        return content.toByteArray();
    }

    private static int endOfLine(byte[] bytes, int from, int to) {
        for (int at = from; at + 1 < to; at++) {
            if (bytes[at] == '\r' && bytes[at + 1] == '\n') {
                return at;
            }
        }
        return -1;
    }
}
