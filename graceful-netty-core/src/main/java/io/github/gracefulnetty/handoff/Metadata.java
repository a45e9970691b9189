// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.wire.MessageCodec;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** String maps as metadata: the one way to write them that this library has, see {@link Offer#with(Map)}. */
final class Metadata {
    /** The most bytes that go with one descriptor: 65,536. */
    static final int MAX_BYTES = MessageCodec.MAX_METADATA;

    private static final int MAX_TEXT = (1 << 16) - 1;

    private Metadata() {}

    /**
     * Writes a map, in its order.
     *
     * @throws IllegalArgumentException if it does not fit into {@value #MAX_BYTES} bytes
     */
    static byte[] of(Map<String, String> map) {
        ByteBuffer out = ByteBuffer.allocate(MAX_BYTES);
        map.forEach((key, value) -> {
            write(key, out);
            write(value, out);
        });
        byte[] bytes = new byte[out.position()];
        out.flip().get(bytes);
        return bytes;
    }

    private static void write(String text, ByteBuffer out) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_TEXT || out.remaining() < Short.BYTES + bytes.length) {
            throw new IllegalArgumentException("the map does not fit into " + MAX_BYTES + " bytes of metadata");
        }
        out.putShort((short) bytes.length).put(bytes);
    }

    /**
     * Reads what {@link #of} wrote.
     *
     * @throws IllegalArgumentException if something else wrote it
     */
    static Map<String, String> toMap(byte[] metadata) {
        Map<String, String> map = new LinkedHashMap<>();
        ByteBuffer in = ByteBuffer.wrap(metadata);
        try {
            while (in.hasRemaining()) {
                map.put(read(in), read(in));
            }
            return map;
        } catch (BufferUnderflowException | CharacterCodingException e) {
            throw new IllegalArgumentException("this metadata is not a map of strings", e);
        }
    }

    private static String read(ByteBuffer in) throws CharacterCodingException {
        byte[] bytes = new byte[Short.toUnsignedInt(in.getShort())];
        in.get(bytes);
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
    }
}
