// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.unix.DomainDatagramChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The protocols that are known here, as far as their codecs are on the class path. On the connection's event loop. */
public final class Protocols {
    /** Whether connections may speak HTTP/1.1, and WebSocket. */
    public static final boolean HTTP_PRESENT = isPresent("io.netty.handler.codec.http.HttpServerCodec");

    private static final boolean HTTP2_PRESENT = isPresent("io.netty.handler.codec.http2.Http2ConnectionHandler");

    /** In the order in which they are asked: the one that was negotiated last comes first. */
    private static final List<Protocol> KNOWN = known();

    private static final Protocol DATAGRAM = new Datagrams();
    private static final Protocol OTHER = new Other();

    private Protocols() {}

    private static List<Protocol> known() {
        List<Protocol> known = new ArrayList<>();
        if (HTTP2_PRESENT) {
            known.add(new Http2());
        }
        if (HTTP_PRESENT) {
            known.add(new WebSocket());
            known.add(new Http1(Protocols::endAfterSwitch));
        }
        return List.copyOf(known);
    }

    private static boolean isPresent(String className) {
        try {
            Class.forName(className, false, Protocols.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /** Whether it has no connections: all that come to one address come to it. */
    public static boolean isDatagram(Channel channel) {
        return channel instanceof DatagramChannel || channel instanceof DomainDatagramChannel;
    }

    /** What is spoken on it now. */
    public static Protocol of(Channel connection) {
        if (isDatagram(connection)) {
            return DATAGRAM;
        }
        ChannelPipeline pipeline = connection.pipeline();
        for (Protocol one : KNOWN) {
            if (one.isSpokenIn(pipeline)) {
                return one;
            }
        }
        return OTHER;
    }

    /** @param delivered see {@link LingeringClose#install} */
    public static void end(Channel connection, Predicate<Channel> delivered) {
        if (!connection.isOpen()) {
            return;
        }
        if (isDatagram(connection)) {
            DATAGRAM.end(connection.pipeline());
            return;
        }
        LingeringClose.install(connection, delivered);
        endWhatIsSpoken(connection.pipeline());
        DrainNotice.fire(connection);
    }

    /** What is spoken may be negotiated still, or be found out from the first bytes: it is looked for after each read. */
    static void endWhatIsSpoken(ChannelPipeline pipeline) {
        if (!KNOWN.isEmpty() && !endKnown(pipeline) && pipeline.get(LateProtocol.class) == null) {
            pipeline.addFirst(new LateProtocol());
        }
    }

    /** HTTP/1.1 has ended on this connection: what follows may be there already. */
    static void endAfterSwitch(ChannelPipeline pipeline) {
        for (Protocol one : KNOWN) {
            if (!one.name().equals(HttpExchanges.HTTP_1) && one.end(pipeline)) {
                return;
            }
        }
        pipeline.addFirst(new LateProtocol());
    }

    private static boolean endKnown(ChannelPipeline pipeline) {
        for (Protocol one : KNOWN) {
            if (one.end(pipeline)) {
                return true;
            }
        }
        return false;
    }

    /** Closes it now, whatever its protocol would wait for. */
    public static void cut(Channel connection) {
        LingeringClose.cut(connection);
        of(connection).cut(connection.pipeline());
        connection.close();
    }

    private static final class LateProtocol extends ChannelInboundHandlerAdapter implements OwnHandler {
        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            if (endKnown(context.pipeline())) {
                context.pipeline().remove(this);
            }
            context.fireChannelReadComplete();
        }
    }

    private static final class Datagrams implements Protocol {
        @Override
        public String name() {
            return "datagram";
        }

        @Override
        public boolean isSpokenIn(ChannelPipeline pipeline) {
            return isDatagram(pipeline.channel());
        }

        @Override
        public boolean end(ChannelPipeline pipeline) {
            DatagramDrain.begin(pipeline);
            return true;
        }
    }

    /** Its handlers hear of the drain, and end it. */
    private static final class Other implements Protocol {
        @Override
        public String name() {
            return "other";
        }

        @Override
        public boolean isSpokenIn(ChannelPipeline pipeline) {
            return true;
        }

        @Override
        public boolean end(ChannelPipeline pipeline) {
            return true;
        }
    }
}
