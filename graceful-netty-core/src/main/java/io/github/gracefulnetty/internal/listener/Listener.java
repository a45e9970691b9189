// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.handoff.ListenerDescription;
import io.github.gracefulnetty.internal.process.UnixSocketFile;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import java.io.IOException;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** A real server channel inside a late-binding one, and the path that goes with it. */
final class Listener {
    private final ServerChannel channel;
    private final @Nullable ListenerDescription description;
    private final @Nullable UnixSocketFile file;
    private final @Nullable NativeTransport sharedThrough;
    private volatile boolean keepPath;
    private volatile boolean left;

    /**
     * @param description its identity, {@code null} if it cannot be handed on
     * @param file the socket's file if it is removed when the listener closes, else {@code null}
     * @param sharedThrough its transport if other processes share the socket, else {@code null}
     */
    Listener(
            ServerChannel channel,
            @Nullable ListenerDescription description,
            @Nullable UnixSocketFile file,
            @Nullable NativeTransport sharedThrough) {
        this.channel = channel;
        this.description = description;
        this.file = file;
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
    ListenerDescription description() {
        return description;
    }

    @Nullable
    SocketAddress address() {
        return description != null ? description.bound() : channel.localAddress();
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

    /** Whether the path belongs to another process, so that closing must not remove it. */
    void keepPath(boolean keep) {
        keepPath = keep;
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
        removePath();
    }

    void removePath() {
        UnixSocketFile ours = file;
        if (ours != null && !keepPath) {
            try {
                ours.removeIfInPlace();
            } catch (IOException e) {
                LateBindingServerChannel.logger()
                        .warn("graceful-netty: cannot remove unix:{}: {}", ours.path(), e.toString());
            }
        }
    }
}
