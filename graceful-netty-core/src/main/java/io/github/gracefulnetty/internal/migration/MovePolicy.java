// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.migration;

import io.github.gracefulnetty.internal.listener.LateBindingServerChannel;
import io.github.gracefulnetty.migration.Migratable;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which connections may move, and when. On the connection's event loop. */
final class MovePolicy {
    private static final boolean HTTP_PRESENT = isPresent("io.netty.handler.codec.http.HttpServerCodec");
    private static final String OURS = MovePolicy.class.getPackageName();
    private static final String TLS = "io.netty.handler.ssl";

    /** Netty's handlers that have nothing to hand on between two messages. By name: not all are on every class path. */
    private static final Set<String> STATELESS = Set.of(
            "io.netty.handler.codec.http.HttpContentCompressor",
            "io.netty.handler.codec.http.HttpContentDecompressor",
            "io.netty.handler.codec.http.HttpObjectAggregator",
            "io.netty.handler.codec.http.HttpServerExpectContinueHandler",
            "io.netty.handler.codec.http.HttpServerKeepAliveHandler",
            "io.netty.handler.codec.http.cors.CorsHandler",
            "io.netty.handler.codec.http.websocketx.Utf8FrameValidator",
            "io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder",
            "io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator",
            "io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler",
            "io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandshakeHandler",
            "io.netty.handler.codec.http.websocketx.extensions.WebSocketServerExtensionHandler",
            "io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler",
            "io.netty.handler.codec.LengthFieldPrepender",
            "io.netty.handler.codec.string.LineEncoder",
            "io.netty.handler.codec.string.StringDecoder",
            "io.netty.handler.codec.string.StringEncoder",
            "io.netty.handler.logging.LoggingHandler",
            "io.netty.handler.stream.ChunkedWriteHandler",
            "io.netty.handler.timeout.IdleStateHandler",
            "io.netty.handler.timeout.ReadTimeoutHandler",
            "io.netty.handler.timeout.WriteTimeoutHandler");

    /** Decoders that hold the bytes of an incomplete message, and nothing else. */
    private static final Set<String> FRAMERS = Set.of(
            "io.netty.handler.codec.DelimiterBasedFrameDecoder",
            "io.netty.handler.codec.FixedLengthFrameDecoder",
            "io.netty.handler.codec.LengthFieldBasedFrameDecoder",
            "io.netty.handler.codec.LineBasedFrameDecoder");

    private final Migration.Mode mode;

    MovePolicy(Migration.Mode mode) {
        this.mode = mode;
    }

    private static boolean isPresent(String className) {
        try {
            Class.forName(className, false, MovePolicy.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /**
     * Looks at a pipeline that is complete and has read nothing, and puts in what has to know it from its beginning: for
     * HTTP/1.1 in any case, as its drain asks, too; for others if the connection may ever move.
     *
     * @return {@code false} if it cannot move
     */
    boolean admit(Channel connection, LateBindingServerChannel origin) {
        ChannelPipeline pipeline = connection.pipeline();
        boolean http = HTTP_PRESENT && HttpExchanges.isPossible(pipeline);
        if (mode == Migration.Mode.OFF || !isMovable(pipeline, http, null)) {
            if (http) {
                HttpExchanges.install(pipeline);
            }
            return false;
        }
        List<Inflow> inflows = new ArrayList<>();
        for (Map.Entry<String, ChannelHandler> entry : pipeline) {
            if (isFramer(entry.getValue())) {
                inflows.add(Inflow.before(pipeline, entry.getKey()));
            }
        }
        HttpExchanges exchanges = http ? HttpExchanges.install(pipeline) : null;
        new Candidate(origin, exchanges, inflows).attach(connection);
        return true;
    }

    /** @param candidate {@code null} before it is one */
    private boolean isMovable(ChannelPipeline pipeline, boolean http, @Nullable Candidate candidate) {
        boolean declared = false;
        boolean entangled = false;
        boolean unknown = false;
        for (Map.Entry<String, ChannelHandler> entry : pipeline) {
            ChannelHandler handler = entry.getValue();
            String type = handler.getClass().getName();
            declared |= handler instanceof Migratable;
            entangled |= type.startsWith(TLS) || (HTTP_PRESENT && WebSocketFrames.isExtension(handler));
            if (handler instanceof Migratable
                    || handler.getClass().getPackageName().equals(OURS)
                    || STATELESS.contains(type)) {
                continue;
            }
            if (handler instanceof ByteToMessageDecoder || (HTTP_PRESENT && HttpExchanges.isPart(handler))) {
                unknown |= !isWatched(handler, http, candidate);
            } else {
                unknown |= mode != Migration.Mode.ALL;
            }
        }
        // Who has opened a WebSocket knows something about it: HTTP/1.1 alone is no reason to move.
        boolean webSocket = candidate != null && candidate.webSocket() != null;
        return (declared || (http && !webSocket)) && !entangled && !unknown;
    }

    /** A decoder may hold what was read: it must be known how much. */
    private static boolean isWatched(ChannelHandler handler, boolean http, @Nullable Candidate candidate) {
        if (candidate == null) {
            return isFramer(handler) || (http && HttpExchanges.isPart(handler));
        }
        HttpExchanges exchanges = candidate.exchanges();
        return candidate.inflows().stream().anyMatch(inflow -> inflow.watches(handler))
                || (exchanges != null && exchanges.watches(handler));
    }

    private static boolean isFramer(ChannelHandler handler) {
        return FRAMERS.contains(handler.getClass().getName());
    }

    /** Whether the pipeline of a candidate is still one that may move, now or later, and {@code migration} has not failed to. */
    boolean isMovable(Channel connection, Candidate candidate, Object migration) {
        HttpExchanges exchanges = candidate.exchanges();
        boolean http =
                exchanges != null && (exchanges.webSocket() != null || HttpExchanges.isPossible(connection.pipeline()));
        return !candidate.isRejectedBy(migration)
                && !isHalfClosed(connection)
                && (exchanges == null || !exchanges.isEnding())
                && isMovable(connection.pipeline(), http, candidate);
    }

    /** Whether nothing is in progress on it. */
    boolean isIdle(Channel connection, Candidate candidate) {
        HttpExchanges exchanges = candidate.exchanges();
        boolean requests = exchanges != null && exchanges.webSocket() == null;
        if ((exchanges != null && !exchanges.isIdle())
                // paused: the application is not done with what it has read
                || (!requests && !connection.config().isAutoRead())) {
            return false;
        }
        return isFlushed(connection)
                && candidate.inflows().stream().allMatch(Inflow::isConsumed)
                && agree(connection.pipeline());
    }

    private static boolean agree(ChannelPipeline pipeline) {
        for (Map.Entry<String, ChannelHandler> entry : pipeline) {
            if (entry.getValue() instanceof Migratable handler) {
                ChannelHandlerContext context = pipeline.context(handler);
                if (context == null || !handler.mayMove(context)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean isHalfClosed(Channel connection) {
        return (connection instanceof DuplexChannel duplex && duplex.isInputShutdown())
                || (connection instanceof DuplexChannel other && other.isOutputShutdown());
    }

    private static boolean isFlushed(Channel connection) {
        ChannelOutboundBuffer pending = connection.unsafe().outboundBuffer();
        return pending != null && pending.isEmpty() && pending.totalPendingWriteBytes() == 0;
    }
}
