// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.channel.Channel;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;

/** The client of a WebSocket, frame by frame and byte by byte. It never reconnects. */
final class RawWebSocket implements AutoCloseable {
    static final int CONTINUATION = 0;
    static final int TEXT = 1;
    static final int CLOSE = 8;
    static final int PING = 9;
    static final int PONG = 10;

    private static final int FINAL = 0x80;
    private static final int MASKED = 0x80;
    private static final int COMPRESSED = 0x40;

    private final Socket socket = new Socket();
    private final DataInputStream in;
    private final String answer;

    /** What the server has sent. */
    record Frame(int type, boolean compressed, String text) {
        int status() {
            byte[] bytes = text.getBytes(ISO_8859_1);
            return ((bytes[0] & 0xFF) << 8) | (bytes[1] & 0xFF);
        }
    }

    /** Opens it; {@code headers} are further ones, each with its end of line. */
    RawWebSocket(Channel server, String headers) throws IOException {
        socket.setSoTimeout(30_000);
        socket.setTcpNoDelay(true);
        socket.connect((InetSocketAddress) server.localAddress());
        in = new DataInputStream(socket.getInputStream());
        bytes(("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + headers
                        + "\r\n")
                .getBytes(US_ASCII));
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) in.readUnsignedByte());
        }
        answer = head.toString();
        if (!answer.startsWith("HTTP/1.1 101 ")) {
            throw new IOException(answer);
        }
    }

    String answer() {
        return answer;
    }

    static byte[] frame(int type, boolean last, String text) {
        byte[] content = text.getBytes(ISO_8859_1);
        byte[] mask = {1, 2, 3, 4};
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(type | (last ? FINAL : 0));
        if (content.length < 126) {
            frame.write(MASKED | content.length);
        } else {
            frame.write(MASKED | 127);
            for (int shift = 56; shift >= 0; shift -= 8) {
                frame.write((int) ((long) content.length >> shift));
            }
        }
        frame.writeBytes(mask);
        for (int i = 0; i < content.length; i++) {
            frame.write(content[i] ^ mask[i % mask.length]);
        }
        return frame.toByteArray();
    }

    static byte[] text(String text) {
        return frame(TEXT, true, text);
    }

    static byte[] close(int status) {
        return frame(CLOSE, true, new String(new byte[] {(byte) (status >> 8), (byte) status}, ISO_8859_1));
    }

    RawWebSocket bytes(byte[]... all) throws IOException {
        ByteArrayOutputStream together = new ByteArrayOutputStream();
        Arrays.stream(all).forEach(together::writeBytes);
        socket.getOutputStream().write(together.toByteArray());
        return this;
    }

    Frame read() throws IOException {
        int first = in.readUnsignedByte();
        long length = in.readUnsignedByte();
        if (length == 126) {
            length = in.readUnsignedShort();
        } else if (length == 127) {
            length = in.readLong();
        }
        byte[] content = in.readNBytes((int) length);
        return new Frame(first & 0xF, (first & COMPRESSED) != 0, new String(content, ISO_8859_1));
    }

    /** What the server answers to {@code text}. */
    String ask(String text) throws IOException {
        return bytes(text(text)).read().text();
    }

    boolean isAtEnd() throws IOException {
        return in.read() < 0;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
