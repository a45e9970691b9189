// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.connection.Migratable;
import io.github.gracefulnetty.internal.listener.ListenerChannel;
import io.github.gracefulnetty.internal.protocols.Blueprint;
import io.github.gracefulnetty.internal.protocols.Http1Codec;
import io.github.gracefulnetty.internal.protocols.HttpExchanges;
import io.github.gracefulnetty.internal.protocols.Inflow;
import io.github.gracefulnetty.internal.protocols.OwnHandler;
import io.github.gracefulnetty.internal.protocols.Protocols;
import io.github.gracefulnetty.internal.protocols.WebSocketFrames;
import io.github.gracefulnetty.internal.protocols.WebSocketHandshake;
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
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Which connections may move, and when. On the connection's event loop. */
final class MovePolicy {
    /**
     * What is known of a new connection.
     *
     * @param candidate {@code null} if it cannot move
     * @param whyNot empty if it may
     */
    record Admission(@Nullable Candidate candidate, String whyNot) {}

    private static final boolean HTTP_PRESENT = Protocols.HTTP_PRESENT;
    private static final String TLS = "io.netty.handler.ssl";

    /** Netty's handlers that have nothing to hand over between two messages. By name: not all are on every class path. */
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
            "io.netty.handler.timeout.IdleStateHandler",
            "io.netty.handler.timeout.ReadTimeoutHandler",
            "io.netty.handler.timeout.WriteTimeoutHandler");

    /** Holds what is written until it can be sent, and may hold it while nothing is. HTTP tells when that has ended. */
    private static final String CHUNKED = "io.netty.handler.stream.ChunkedWriteHandler";

    /** So do these. */
    private static final String SHAPERS = "io.netty.handler.traffic.";

    /** Decoders that hold the bytes of an incomplete message, and nothing else. */
    private static final Set<String> FRAMERS = Set.of(
            "io.netty.handler.codec.DelimiterBasedFrameDecoder",
            "io.netty.handler.codec.FixedLengthFrameDecoder",
            "io.netty.handler.codec.LengthFieldBasedFrameDecoder",
            "io.netty.handler.codec.LineBasedFrameDecoder");

    /** What the class of a handler tells of it. */
    private enum Sort {
        STATELESS,
        FRAMER,
        /** Keeps what its protocol has to know of. */
        HOLDER,
        /** Keeps what the client has agreed to, or a key. */
        ENTANGLED,
        OTHER
    }

    private final MoveMode mode;

    /** Most connections have the pipeline of the one before. */
    private volatile @Nullable Blueprint last;

    // Each pipeline is looked at when it is built and when it moves, by a JVM that may be young.
    private final Map<Class<?>, Sort> sorts = new ConcurrentHashMap<>();

    MovePolicy(MoveMode mode) {
        this.mode = mode;
    }

    /** Whether the application wants all to move that can: then it may want to know why one does not. */
    boolean wantsAll() {
        return mode == MoveMode.ALL;
    }

    /**
     * Looks at a pipeline that is complete and has read nothing, and puts in what has to know it from its beginning: for
     * HTTP/1.1 in any case, as its drain asks, too; for others if the connection may ever move.
     *
     * @return a candidate, or why it cannot move
     */
    Admission admit(Channel connection, ListenerChannel origin) {
        ChannelPipeline pipeline = connection.pipeline();
        Map<String, ChannelHandler> handlers = pipeline.toMap();
        Blueprint built = Blueprint.of(handlers.entrySet(), last);
        last = built;
        Http1Codec codec = HTTP_PRESENT ? Http1Codec.in(handlers.entrySet()) : null;
        boolean http = codec != null && codec.isAlone();
        String whyNot = mode == MoveMode.OFF ? "migration is off" : whyNotMovable(handlers, http, null);
        HttpExchanges exchanges = codec == null || !http ? null : HttpExchanges.install(pipeline, codec, built);
        if (!whyNot.isEmpty()) {
            return new Admission(null, whyNot);
        }
        List<Inflow> inflows = new ArrayList<>(0);
        for (Map.Entry<String, ChannelHandler> entry : handlers.entrySet()) {
            if (sort(entry.getValue()) == Sort.FRAMER) {
                inflows.add(Inflow.before(pipeline, entry.getKey()));
            }
        }
        return new Admission(new Candidate(origin, built, exchanges, inflows), "");
    }

    private Sort sort(ChannelHandler handler) {
        Sort known = sorts.get(handler.getClass());
        if (known == null) {
            known = sortOf(handler);
            sorts.put(handler.getClass(), known);
        }
        return known;
    }

    private static Sort sortOf(ChannelHandler handler) {
        String type = handler.getClass().getName();
        if (type.startsWith(TLS) || (HTTP_PRESENT && WebSocketFrames.isExtension(handler))) {
            return Sort.ENTANGLED;
        }
        if (handler instanceof OwnHandler || STATELESS.contains(type)) {
            return Sort.STATELESS;
        }
        if (type.equals(CHUNKED) || isShaper(handler.getClass())) {
            return Sort.HOLDER;
        }
        return FRAMERS.contains(type) ? Sort.FRAMER : Sort.OTHER;
    }

    /** Or of a class that extends one. */
    private static boolean isShaper(Class<?> type) {
        for (Class<?> one = type; one != null; one = one.getSuperclass()) {
            if (one.getName().startsWith(SHAPERS)) {
                return true;
            }
        }
        return false;
    }

    /**
     * What keeps such a pipeline from moving; empty if nothing does.
     *
     * @param candidate {@code null} before it is one
     */
    private String whyNotMovable(Map<String, ChannelHandler> handlers, boolean http, @Nullable Candidate candidate) {
        boolean declared = false;
        ChannelHandler unknown = null;
        for (ChannelHandler handler : handlers.values()) {
            Sort sort = sort(handler);
            if (sort == Sort.ENTANGLED) {
                return nameOf(handler) + " shares a state with its client";
            }
            if (handler instanceof Migratable) {
                declared = true;
                continue;
            }
            boolean known;
            if (sort == Sort.STATELESS || (sort == Sort.HOLDER && http)) {
                known = true;
            } else if (handler instanceof ByteToMessageDecoder || (HTTP_PRESENT && Http1Codec.isPart(handler))) {
                known = isWatched(handler, http, candidate);
            } else {
                known = sort != Sort.HOLDER && mode == MoveMode.ALL;
            }
            unknown = known ? unknown : handler;
        }
        if (unknown != null) {
            return nameOf(unknown) + " may keep something between two messages";
        }
        // Who has opened a WebSocket knows something about it: HTTP/1.1 alone is no reason to move.
        boolean webSocket = candidate != null && candidate.webSocket() != null;
        return declared || (http && !webSocket) ? "" : "it has neither an HTTP/1.1 codec nor a Migratable handler";
    }

    private static String nameOf(ChannelHandler handler) {
        return handler.getClass().getName();
    }

    /** A decoder may hold what was read: it must be known how much. */
    private boolean isWatched(ChannelHandler handler, boolean http, @Nullable Candidate candidate) {
        if (candidate == null) {
            return sort(handler) == Sort.FRAMER || (http && Http1Codec.isPart(handler));
        }
        for (Inflow inflow : candidate.inflows()) {
            if (inflow.watches(handler)) {
                return true;
            }
        }
        HttpExchanges exchanges = candidate.exchanges();
        return exchanges != null && exchanges.watches(handler);
    }

    /**
     * What keeps a connection from moving, now and later; empty if nothing does.
     *
     * @param handlers of its pipeline
     */
    String whyNotMovable(Channel connection, Candidate candidate, Map<String, ChannelHandler> handlers) {
        HttpExchanges exchanges = candidate.exchanges();
        if (isHalfClosed(connection)) {
            return "it is half closed";
        }
        if (exchanges != null && exchanges.isEnding()) {
            return "it ends with what is in progress";
        }
        String changed = whyNotAsItWasBuilt(candidate, handlers);
        if (!changed.isEmpty()) {
            return changed;
        }
        String elsewhere = onAnotherExecutor(connection, handlers);
        return elsewhere.isEmpty()
                ? whyNotMovable(handlers, exchanges != null, candidate)
                : "its handler '" + elsewhere + "' runs on an executor of its own";
    }

    /**
     * Whether requests are in progress after which it may move, and while which its pipeline may look otherwise: some servers add
     * a handler for the time of one.
     */
    static boolean isInTheMiddle(Channel connection, Candidate candidate) {
        HttpExchanges exchanges = candidate.exchanges();
        return exchanges != null
                && exchanges.isInPlace()
                && exchanges.webSocket() == null
                && !exchanges.isHttpOver()
                && !exchanges.isEnding()
                && !exchanges.isSettled()
                && !isHalfClosed(connection);
    }

    /** What has changed it since is not known where it would be built again; but a WebSocket is opened there once more. */
    private static String whyNotAsItWasBuilt(Candidate candidate, Map<String, ChannelHandler> handlers) {
        HttpExchanges exchanges = candidate.exchanges();
        WebSocketFrames webSocket = candidate.webSocket();
        if (webSocket == null && exchanges != null && exchanges.isHttpOver()) {
            return "it speaks another protocol by now, and how it came to that cannot be repeated";
        }
        if (webSocket != null && !WebSocketHandshake.mayRepeat(handlers.entrySet())) {
            return "the request that opened it must not be repeated";
        }
        Blueprint built = webSocket == null ? candidate.built() : webSocket.built();
        return built == null || built.isOf(handlers.entrySet())
                ? ""
                : "its pipeline was changed since it was built: " + built.difference(handlers.entrySet());
    }

    /** What waits for another executor is in no queue that is looked at. Empty if nothing does. */
    private static String onAnotherExecutor(Channel connection, Map<String, ChannelHandler> handlers) {
        ChannelPipeline pipeline = connection.pipeline();
        for (String name : handlers.keySet()) {
            ChannelHandlerContext context = pipeline.context(name);
            if (context == null || context.executor() != connection.eventLoop()) {
                return name;
            }
        }
        return "";
    }

    /**
     * Whether nothing is in progress on it.
     *
     * @param handlers of its pipeline
     */
    boolean isIdle(Channel connection, Map<String, ChannelHandler> handlers, Candidate candidate) {
        HttpExchanges exchanges = candidate.exchanges();
        boolean requests = exchanges != null && exchanges.webSocket() == null;
        if ((exchanges != null && !exchanges.isIdle())
                // paused: the application is not done with what it has read
                || (!requests && !connection.config().isAutoRead())) {
            return false;
        }
        for (Inflow inflow : candidate.inflows()) {
            if (!inflow.isConsumed()) {
                return false;
            }
        }
        return isFlushed(connection) && agree(connection.pipeline(), handlers);
    }

    private static boolean agree(ChannelPipeline pipeline, Map<String, ChannelHandler> handlers) {
        for (ChannelHandler one : handlers.values()) {
            if (one instanceof Migratable handler) {
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
