// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.ServerChannels;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import java.time.Duration;
import reactor.core.publisher.Mono;
import reactor.netty.resources.LoopResources;

/**
 * The event loops of Reactor Netty, with server channels whose listeners outlive the process: for {@code runOn} of an
 * {@code HttpServer} or a {@code TcpServer}. What {@code bind} gets is the listener for that address from a predecessor,
 * the one from a service manager, or a fresh one.
 *
 * <p>graceful-netty drains the connections, each as its protocol asks, before {@link Graceful#awaitExit()} returns and the
 * {@code DisposableServer} is disposed of. To stop, call {@link Graceful#stop()} instead of {@code disposeNow()}, which
 * closes connections under their requests.
 *
 * <p>Loops that epoll does not drive bind plainly, and a log line says so: those of {@code runOn(.., false)}, and all
 * where Netty's io_uring is on the class path, which Reactor Netty prefers. Clients and UDP are left as they are.
 */
public final class GracefulLoopResources implements LoopResources {
    private final ServerChannels channels;
    private final LoopResources loops;

    private GracefulLoopResources(Graceful graceful, LoopResources loops) {
        this.channels = ServerChannels.of(graceful);
        this.loops = loops;
    }

    /** Loops of their own, of daemon threads, as many as Reactor Netty's defaults say; the caller disposes of them. */
    public static GracefulLoopResources of(Graceful graceful) {
        return of(graceful, LoopResources.create("graceful"));
    }

    /** The given loops, which end when these resources are disposed of. */
    public static GracefulLoopResources of(Graceful graceful, LoopResources loops) {
        return new GracefulLoopResources(graceful, loops);
    }

    @Override
    public <C extends Channel> C onChannel(Class<C> type, EventLoopGroup group) {
        if (!ServerChannel.class.isAssignableFrom(type)) {
            return loops.onChannel(type, group);
        }
        // Its channels are of the interfaces that Reactor Netty asks for: ServerSocketChannel,
        // ServerDomainSocketChannel.
        return type.cast(channels.like(() -> (ServerChannel) loops.onChannel(type, group))
                .newChannel());
    }

    @Override
    public <C extends Channel> Class<? extends C> onChannelClass(Class<C> type, EventLoopGroup group) {
        return loops.onChannelClass(type, group);
    }

    @Override
    public EventLoopGroup onServer(boolean useNative) {
        return loops.onServer(useNative);
    }

    @Override
    public EventLoopGroup onServerSelect(boolean useNative) {
        return loops.onServerSelect(useNative);
    }

    @Override
    public EventLoopGroup onClient(boolean useNative) {
        return loops.onClient(useNative);
    }

    @Override
    public boolean daemon() {
        return loops.daemon();
    }

    @Override
    public boolean isDisposed() {
        return loops.isDisposed();
    }

    @Override
    public void dispose() {
        loops.dispose();
    }

    @Override
    public Mono<Void> disposeLater() {
        return loops.disposeLater();
    }

    @Override
    public Mono<Void> disposeLater(Duration quietPeriod, Duration timeout) {
        return loops.disposeLater(quietPeriod, timeout);
    }

    @Override
    public String toString() {
        return "GracefulLoopResources(" + loops + ")";
    }
}
