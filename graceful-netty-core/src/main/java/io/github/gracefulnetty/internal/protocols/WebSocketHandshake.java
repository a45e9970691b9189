// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.github.gracefulnetty.connection.Migratable;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The request that asks for a WebSocket, as it is repeated in the successor. */
public final class WebSocketHandshake {
    /** What a server sends: the last fragment of a close message, not masked. */
    private static final int CLOSE = 0x88;

    private static final String END_OF_LINE = "\r\n";

    private WebSocketHandshake() {}

    /** The frame that tells the client to open another one, as bytes: for one that has no codec any more. */
    public static ByteBuf serviceRestart() {
        return Unpooled.buffer(2 + Short.BYTES)
                .writeByte(CLOSE)
                .writeByte(Short.BYTES)
                .writeShort(WebSocketDrain.SERVICE_RESTART);
    }

    /** Whether no handler says that the request must not be read twice. Throws what a handler throws. */
    public static boolean mayRepeat(Iterable<Map.Entry<String, ChannelHandler>> handlers) {
        for (Map.Entry<String, ChannelHandler> one : handlers) {
            if (one.getValue() instanceof Migratable handler && !handler.mayRepeatRequest()) {
                return false;
            }
        }
        return true;
    }

    /** {@code null} if {@code request} asks for something else. */
    static byte @Nullable [] of(HttpRequest request) {
        if (!request.method().equals(HttpMethod.GET)
                || !request.headers().containsValue(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)) {
            return null;
        }
        StringBuilder text = new StringBuilder();
        text.append(request.method()).append(' ').append(request.uri()).append(' ');
        text.append(request.protocolVersion()).append(END_OF_LINE);
        for (Map.Entry<String, String> header : request.headers()) {
            text.append(header.getKey()).append(": ").append(header.getValue()).append(END_OF_LINE);
        }
        return text.append(END_OF_LINE).toString().getBytes(ISO_8859_1);
    }
}
