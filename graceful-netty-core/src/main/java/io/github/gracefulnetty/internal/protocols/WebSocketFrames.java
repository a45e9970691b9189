// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketExtensionDecoder;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketExtensionEncoder;
import org.jspecify.annotations.Nullable;

/**
 * Knows whether a WebSocket is exactly between two messages in both directions, with not one byte of the next frame read,
 * and whether nobody has begun to close it.
 */
public final class WebSocketFrames {
    private static final long NEVER = -1;

    private final Inflow inflow;
    private final byte[] handshake;
    private long readsAtEnd;
    private boolean reading;
    private boolean writing;
    private boolean closes;
    private @Nullable Blueprint built;

    /**
     * @param inflow right before the frame decoder, which has read nothing
     * @param handshake the request that opened the WebSocket
     */
    WebSocketFrames(Inflow inflow, byte[] handshake) {
        this.inflow = inflow;
        this.handshake = handshake;
        this.readsAtEnd = inflow.reads();
    }

    /** Whether {@code handler} is a part of an extension, as compression: what both sides have said so far is its state. */
    public static boolean isExtension(ChannelHandler handler) {
        return handler instanceof WebSocketExtensionDecoder || handler instanceof WebSocketExtensionEncoder;
    }

    /** The request that opened it, as bytes. */
    public byte[] handshake() {
        return handshake;
    }

    /** The request is dealt with, and has left this pipeline. */
    void open(Blueprint pipeline) {
        built = pipeline;
    }

    /** What the pipeline was when it had been opened; {@code null} if it is just being opened. */
    public @Nullable Blueprint built() {
        return built;
    }

    boolean isIdle() {
        return built != null && readsAtEnd == inflow.reads() && inflow.isConsumed() && !reading && !writing && !closes;
    }

    /** The decoder has made this. */
    void read(Object message) {
        if (message instanceof WebSocketFrame frame) {
            // The decoder has come to here and no further: what is left of this read belongs to the next frame.
            readsAtEnd = inflow.isConsumed() ? inflow.reads() : NEVER;
            reading = goesOn(frame, reading);
            closes |= frame instanceof CloseWebSocketFrame;
        }
    }

    /** This goes to the encoder. */
    void written(Object message) {
        if (message instanceof WebSocketFrame frame) {
            writing = goesOn(frame, writing);
            closes |= frame instanceof CloseWebSocketFrame;
        }
    }

    /** Whether more of the message follows. Control frames may be in the middle of one. */
    private static boolean goesOn(WebSocketFrame frame, boolean before) {
        boolean data = frame instanceof TextWebSocketFrame
                || frame instanceof BinaryWebSocketFrame
                || frame instanceof ContinuationWebSocketFrame;
        return data ? !frame.isFinalFragment() : before;
    }
}
