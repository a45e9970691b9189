// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.vertx;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** An HTTP/2 client, frame by frame, without TLS. */
final class RawHttp2 {
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int PING = 6;
    static final int GO_AWAY = 7;
    private static final int SETTINGS = 4;
    private static final int ACK = 1;
    private static final int END_STREAM_AND_HEADERS = 5;
    private static final byte[] GET = {(byte) 0x82, (byte) 0x84, (byte) 0x86, 0x41, 1, 'x'};

    private final DataInputStream in;
    private final DataOutputStream out;

    /** @param upgrade whether it begins with an HTTP/1.1 request, which becomes stream 1 */
    RawHttp2(Socket socket, boolean upgrade) throws IOException {
        in = new DataInputStream(socket.getInputStream());
        out = new DataOutputStream(socket.getOutputStream());
        if (upgrade) {
            String request = """
                    GET / HTTP/1.1
                    Host: x
                    Connection: Upgrade, HTTP2-Settings
                    Upgrade: h2c
                    HTTP2-Settings: AAMAAABkAAQAAP__

                    """;
            out.write(request.replace("\n", "\r\n").getBytes(US_ASCII));
            ByteArrayOutputStream head = new ByteArrayOutputStream();
            while (!head.toString(US_ASCII).endsWith("\r\n\r\n")) {
                head.write(in.readUnsignedByte());
            }
            if (!head.toString(US_ASCII).startsWith("HTTP/1.1 101 ")) {
                throw new IOException(head.toString(US_ASCII));
            }
        }
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII));
        write(SETTINGS, 0, 0, new byte[0]);
    }

    void get(int stream) throws IOException {
        write(HEADERS, END_STREAM_AND_HEADERS, stream, GET);
    }

    void answerPing(Frame ping) throws IOException {
        write(PING, ACK, 0, ping.payload);
    }

    private void write(int type, int flags, int stream, byte[] payload) throws IOException {
        out.writeByte(0);
        out.writeShort(payload.length);
        out.writeByte(type);
        out.writeByte(flags);
        out.writeInt(stream);
        out.write(payload);
    }

    /** The next frame of that type; {@code null} at the end of the connection. */
    @Nullable
    Frame next(int type) throws IOException {
        while (true) {
            int length;
            try {
                length = in.readUnsignedByte() << 16;
            } catch (EOFException e) {
                return null;
            }
            length |= in.readUnsignedShort();
            int found = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            byte[] payload = in.readNBytes(length);
            if (found == SETTINGS && flags != ACK) {
                write(SETTINGS, ACK, 0, new byte[0]);
            }
            if (found == type && payload.length > 0) {
                return new Frame(stream, payload);
            }
        }
    }

    static final class Frame {
        final int stream;
        final byte[] payload;

        Frame(int stream, byte[] payload) {
            this.stream = stream;
            this.payload = payload;
        }

        String text() {
            return new String(payload, US_ASCII);
        }

        /** Of a GOAWAY. */
        int lastStream() {
            return ByteBuffer.wrap(payload).getInt();
        }
    }
}
