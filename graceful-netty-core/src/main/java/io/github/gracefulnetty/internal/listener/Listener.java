// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** A real server channel inside a late-binding one, and the path that goes with it. */
final class Listener {
    private final ServerChannel channel;
    private final @Nullable SocketItem item;
    private final SocketPath path;
    private final @Nullable NativeTransport sharedThrough;
    private volatile boolean left;

    /**
     * @param item what is handed over, {@code null} if it cannot be
     * @param path the socket's path, which is removed when the listener closes
     * @param sharedThrough its transport if other processes share the socket, else {@code null}
     */
    Listener(
            ServerChannel channel,
            @Nullable SocketItem item,
            SocketPath path,
            @Nullable NativeTransport sharedThrough) {
        this.channel = channel;
        this.item = item;
        this.path = path;
        this.sharedThrough = sharedThrough;
    }

    @Nullable
    NativeTransport sharedThrough() {
        return sharedThrough;
    }

    ServerChannel channel() {
        return channel;
    }

    @Nullable
    SocketItem item() {
        return item;
    }

    @Nullable
    SocketAddress address() {
        return item != null ? item.description().local() : channel.localAddress();
    }

    /** Registers the channel with the event loop that this runs on, unless it is there already. */
    void register(EventLoop loop) throws Exception {
        if (!channel.isRegistered()) {
            registerNow(channel, loop);
        }
    }

    /** Registers without reading: nothing may be accepted before the pipeline outside asks for it. */
    static void registerNow(Channel channel, EventLoop loop) throws Exception {
        channel.config().setAutoRead(false);
        ChannelFuture registered = loop.register(channel);
        Throwable cause = registered.cause();
        if (cause != null) {
            throw cause instanceof Exception e ? e : new IllegalStateException(cause);
        }
        if (!registered.isDone()) {
            throw new IllegalStateException("a channel has to be bound on its own event loop");
        }
    }

    SocketPath path() {
        return path;
    }

    /** Closes the socket on behalf of this process, while the channel outside stays open. */
    void leave() {
        left = true;
        close();
    }

    boolean left() {
        return left;
    }

    void close() {
        if (!channel.isOpen()) {
            return;
        }
        channel.close();
        path.remove();
    }
}
