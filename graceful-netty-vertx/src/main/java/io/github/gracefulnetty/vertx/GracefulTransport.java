// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.vertx;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.ServerChannels;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ServerChannel;
import io.vertx.core.Vertx;
import io.vertx.core.spi.transport.Transport;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One of Vert.x's own transports, but its server channels are graceful-netty's. A proxy, as each Vert.x line adds methods
 * of its own to the interface, and all of them are only to be passed on.
 */
final class GracefulTransport implements InvocationHandler {
    private final Transport own;
    private final Supplier<Graceful> graceful;
    private final BiConsumer<Graceful, Vertx> whenServing;
    private volatile @Nullable Vertx vertx;

    private GracefulTransport(Transport own, Supplier<Graceful> graceful, BiConsumer<Graceful, Vertx> whenServing) {
        this.own = own;
        this.graceful = graceful;
        this.whenServing = whenServing;
    }

    /**
     * @param graceful asked when a server begins to listen, on its thread, not before: mere clients need none
     * @param whenServing told then who listens
     */
    static Transport of(Transport own, Supplier<Graceful> graceful, BiConsumer<Graceful, Vertx> whenServing) {
        return (Transport) Proxy.newProxyInstance(
                GracefulTransport.class.getClassLoader(),
                new Class<?>[] {Transport.class},
                new GracefulTransport(own, graceful, whenServing));
    }

    /** The object behind {@code transport}, or {@code null} if that is not one of these. */
    static @Nullable GracefulTransport behind(@Nullable Object transport) {
        return transport != null
                        && Proxy.isProxyClass(transport.getClass())
                        && Proxy.getInvocationHandler(transport) instanceof GracefulTransport found
                ? found
                : null;
    }

    /** Whose transport this is. */
    void usedBy(Vertx vertx) {
        this.vertx = vertx;
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
        if (arguments != null && method.getName().equals("serverChannelFactory")) {
            return serverChannels((Boolean) arguments[0]);
        }
        try {
            return method.invoke(own, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private ChannelFactory<? extends ServerChannel> serverChannels(boolean unix) {
        Graceful process = graceful.get();
        Vertx user = vertx;
        if (user != null) {
            whenServing.accept(process, user);
        }
        ServerChannels channels = ServerChannels.of(process);
        return unix ? channels.unix() : channels.tcp();
    }
}
