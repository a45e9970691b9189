// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.vertx;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.connection.DrainEvent;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.impl.transports.EpollTransport;
import io.vertx.core.net.NetSocket;
import io.vertx.core.spi.transport.Transport;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Vert.x whose servers hand their listeners on. All that listens through such a {@link Vertx} is claimed from a
 * predecessor, handed to a successor and drained: HTTP and WebSocket connections as their protocols ask, each without loss;
 * other ones are told, see {@link #onDrain(NetSocket, Runnable)}. Close the Vertx, and the servers, only after
 * {@link Graceful#awaitExit()}: closing them is not needed before, and cuts connections.
 *
 * <p>With this module on the class path, a plain {@code Vertx.vertx()} uses {@link Graceful#processWide()} from its first
 * server on, and is closed when that has drained; {@code gracefulnetty.vertx=off}, as a system property or as
 * {@code GRACEFUL_NETTY_VERTX} in the environment, prevents it, and so does a call of {@link #vertx(Graceful)} or its
 * siblings before. It needs epoll: on other systems a Vertx keeps the transport that it has.
 */
public final class GracefulVertx {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(GracefulVertx.class);
    private static final Set<Vertx> CLOSED_AT_EXIT = ConcurrentHashMap.newKeySet();
    private static final ThreadLocal<@Nullable Building> BUILDING = new ThreadLocal<>();
    private static volatile boolean explicit;

    private GracefulVertx() {}

    /** Vert.x with default options. The caller closes it. */
    public static Vertx vertx(Graceful graceful) {
        return vertx(graceful, new VertxOptions());
    }

    /** Vert.x with options. The caller closes it. */
    public static Vertx vertx(Graceful graceful, VertxOptions options) {
        return with(graceful, () -> Vertx.vertx(options));
    }

    /**
     * Vert.x that somebody else builds: {@code with(graceful, () -> Vertx.builder().withMetrics(..).build())}, or a
     * clustered one. What {@code builder} creates, on this thread, uses {@code graceful}.
     *
     * @return what {@code builder} returns; the caller closes the Vertx
     * @throws IllegalStateException if Vert.x did not ask this module: its services are missing from a merged jar
     */
    public static <T> T with(Graceful graceful, Supplier<T> builder) {
        explicit = true;
        Building building = new Building(graceful);
        Building outer = BUILDING.get();
        BUILDING.set(building);
        T built;
        try {
            built = builder.get();
        } finally {
            BUILDING.set(outer);
        }
        if (!building.asked) {
            throw new IllegalStateException("Vert.x did not look for " + GracefulVertxProvider.class.getName()
                    + ": is it in META-INF/services/io.vertx.core.spi.VertxServiceProvider?");
        }
        return built;
    }

    /**
     * Tells when the drain of this connection begins, once; at once if it has begun. For protocols that graceful-netty
     * does not know: finish what is in progress and close the socket. What is open at the drain deadline is closed by
     * force. Runs on the Vert.x context of the caller, which is that of the connection in a connect handler.
     */
    public static void onDrain(NetSocket connection, Runnable action) {
        onDrain((Object) connection, action);
    }

    /**
     * The same for an HTTP connection, for responses without an end: their connection stays open as long as they last, so
     * they should be ended, and their clients come again. The connection itself needs no help.
     */
    public static void onDrain(HttpConnection connection, Runnable action) {
        onDrain((Object) connection, action);
    }

    private static void onDrain(Object connection, Runnable action) {
        Context context = Vertx.currentContext();
        Channel channel = channelOf(connection);
        Runnable told = context == null ? action : () -> context.runOnContext(nothing -> action.run());
        channel.eventLoop().execute(() -> {
            if (DrainEvent.hasBegun(channel)) {
                told.run();
            } else {
                channel.pipeline().addFirst(Teller.NAME + NUMBERS.getAndIncrement(), new Teller(told));
            }
        });
    }

    /** All connections of Vert.x have this method, but in no interface that is the same in each line. */
    private static Channel channelOf(Object connection) {
        try {
            Object context =
                    connection.getClass().getMethod("channelHandlerContext").invoke(connection);
            return ((ChannelHandlerContext) context).channel();
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new IllegalArgumentException("not a connection of Vert.x with a channel: " + connection, e);
        }
    }

    /** @param given what Vert.x would use */
    static Transport transportInsteadOf(Transport given) {
        Building building = BUILDING.get();
        if (building != null) {
            building.asked = true;
            Transport own = fitting(given);
            return own == null ? given : GracefulTransport.of(own, () -> building.graceful, (process, vertx) -> {});
        }
        if (explicit || isOff() || GracefulTransport.behind(given) != null) {
            return given;
        }
        Transport own = fitting(given);
        return own == null ? given : GracefulTransport.of(own, Graceful::processWide, GracefulVertx::closeAtExit);
    }

    /** Epoll, unless another native transport was asked for. */
    private static @Nullable Transport fitting(Transport given) {
        String name = given.getClass().getSimpleName();
        Transport epoll = new EpollTransport();
        boolean fits = name.equals("NioTransport") || name.equals("JDKTransport") || name.equals("EpollTransport");
        if (fits && epoll.isAvailable()) {
            return epoll;
        }
        LOGGER.warn(
                "graceful-netty: {} is left as it is: it cannot hand over listeners",
                name,
                epoll.unavailabilityCause());
        return null;
    }

    private static boolean isOff() {
        String setting =
                System.getProperty("gracefulnetty.vertx", System.getenv().get("GRACEFUL_NETTY_VERTX"));
        return "off".equalsIgnoreCase(setting);
    }

    /** Nobody else would: without it, the threads of Vert.x keep the process alive. */
    private static void closeAtExit(Graceful process, Vertx vertx) {
        if (CLOSED_AT_EXIT.add(vertx)) {
            process.exitFuture().whenComplete((report, failure) -> {
                if (failure != null) {
                    LOGGER.error("graceful-netty: could not take over", failure);
                }
                CLOSED_AT_EXIT.remove(vertx);
                vertx.close();
            });
        }
    }

    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private static final class Building {
        private final Graceful graceful;
        private boolean asked;

        private Building(Graceful graceful) {
            this.graceful = graceful;
        }
    }

    private static final class Teller extends ChannelInboundHandlerAdapter {
        /** By which core knows that it is none of the application's. */
        private static final String NAME = "graceful-netty/teller/";

        private final Runnable told;

        private Teller(Runnable told) {
            this.told = told;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event == DrainEvent.INSTANCE) {
                context.pipeline().remove(this);
                told.run();
            }
            context.fireUserEventTriggered(event);
        }
    }
}
