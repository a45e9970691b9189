// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Finds the frames in one direction of an HTTP/2 connection, however its bytes come in. One thread at a time. */
final class Http2Frames {
    static final int HEADERS = 1;

    private static final int DATA = 0;
    private static final int END_STREAM = 1;
    private static final int HEADER_LENGTH = 9;
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final Listener listener;
    private final Consumer<String> whenEnded;
    private final byte[] header = new byte[HEADER_LENGTH];
    private int prefaceLeft;
    private int headerLength;
    private int payloadLeft;

    /** @param fromClient whether the preface comes first */
    Http2Frames(boolean fromClient, Listener listener, Consumer<String> whenEnded) {
        this.listener = listener;
        this.whenEnded = whenEnded;
        prefaceLeft = fromClient ? PREFACE.length : 0;
    }

    /** Takes the first {@code length} bytes. */
    void read(byte[] bytes, int length) {
        int at = 0;
        while (at < length) {
            if (prefaceLeft > 0) {
                byte expected = PREFACE[PREFACE.length - prefaceLeft];
                if (bytes[at] != expected) {
                    throw new IllegalStateException("the client does not begin with HTTP/2's preface");
                }
                prefaceLeft--;
                at++;
            } else if (payloadLeft > 0) {
                int skipped = Math.min(payloadLeft, length - at);
                payloadLeft -= skipped;
                at += skipped;
                if (payloadLeft == 0) {
                    complete();
                }
            } else {
                header[headerLength++] = bytes[at++];
                if (headerLength == HEADER_LENGTH) {
                    payloadLeft = number(0, 3);
                    if (payloadLeft == 0) {
                        complete();
                    }
                }
            }
        }
    }

    /** A frame counts when its last byte is there. */
    private void complete() {
        int type = header[3];
        boolean endsStream = (type == DATA || type == HEADERS) && (header[4] & END_STREAM) != 0;
        headerLength = 0;
        listener.frame(type, endsStream, number(5, 4) & Integer.MAX_VALUE);
    }

    private int number(int at, int length) {
        int number = 0;
        for (int i = at; i < at + length; i++) {
            number = (number << 8) | (header[i] & 0xFF);
        }
        return number;
    }

    /** @param how what broke it, or nothing */
    void ended(String how) {
        whenEnded.accept(how);
    }

    @FunctionalInterface
    interface Listener {
        void frame(int type, boolean endsStream, int stream);
    }
}
