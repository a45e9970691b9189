// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.ChannelHandler;
import io.netty.channel.CombinedChannelDuplexHandler;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerCodec;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the HTTP/1.1 codec of a server is in a pipeline, whole or in two parts.
 *
 * @param decoder the name of the handler that decodes
 * @param last the name of the last handler of the codec
 * @param isOfNetty whether its parts are of Netty's own classes
 * @param isAlone whether there is no other part of a codec, and nothing between the two parts but what is ours
 */
public record Http1Codec(String decoder, String last, boolean isOfNetty, boolean isAlone) {
    private enum Part {
        NONE,
        DECODER,
        ENCODER,
        BOTH
    }

    /** A codec may be a combined handler of somebody else's, of the same two parts. */
    private static final ClassValue<Boolean> COMBINED = new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
            return isCombinedOfBoth(type);
        }
    };

    /**
     * The codec; {@code null} if there is none.
     *
     * @param handlers of a pipeline, first to last
     */
    public static @Nullable Http1Codec in(Iterable<Map.Entry<String, ChannelHandler>> handlers) {
        String decoder = null;
        String encoder = null;
        String last = null;
        int parts = 0;
        boolean between = false;
        boolean apart = false;
        boolean ofNetty = true;
        for (Map.Entry<String, ChannelHandler> entry : handlers) {
            Part part = part(entry.getValue());
            if (part == Part.NONE) {
                between |= parts > 0 && !(entry.getValue() instanceof OwnHandler);
                continue;
            }
            apart |= between;
            ofNetty &= entry.getValue().getClass().getPackage() == HttpServerCodec.class.getPackage();
            last = entry.getKey();
            parts += part == Part.BOTH ? 2 : 1;
            decoder = part == Part.ENCODER ? decoder : last;
            encoder = part == Part.DECODER ? encoder : last;
        }
        return decoder == null || encoder == null || last == null
                ? null
                : new Http1Codec(decoder, last, ofNetty, parts == 2 && !apart);
    }

    /** Whether {@code handler} is a codec, or a part of one. */
    public static boolean isPart(ChannelHandler handler) {
        return part(handler) != Part.NONE;
    }

    private static Part part(ChannelHandler handler) {
        if (handler instanceof HttpServerCodec) {
            return Part.BOTH;
        }
        if (handler instanceof HttpRequestDecoder) {
            return Part.DECODER;
        }
        if (handler instanceof HttpResponseEncoder) {
            return Part.ENCODER;
        }
        return handler instanceof CombinedChannelDuplexHandler && COMBINED.get(handler.getClass())
                ? Part.BOTH
                : Part.NONE;
    }

    private static boolean isCombinedOfBoth(Class<?> type) {
        for (Class<?> one = type; one != null; one = one.getSuperclass()) {
            if (one.getSuperclass() == CombinedChannelDuplexHandler.class
                    && one.getGenericSuperclass() instanceof ParameterizedType parameters) {
                Type[] both = parameters.getActualTypeArguments();
                return isOne(both[0], HttpRequestDecoder.class) && isOne(both[1], HttpResponseEncoder.class);
            }
        }
        return false;
    }

    private static boolean isOne(Type type, Class<?> expected) {
        return type instanceof Class<?> known && expected.isAssignableFrom(known);
    }
}
