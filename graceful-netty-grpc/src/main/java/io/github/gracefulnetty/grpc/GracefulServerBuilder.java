// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.grpc;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.ServerChannels;
import io.grpc.ForwardingServerBuilder;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Builds a gRPC server whose listeners are handed over, and which ends by itself when they are. Made by
 * {@link GracefulGrpc}. Not safe for use by several threads.
 *
 * <p>The server's end, once a successor serves or the process was told to stop: what {@link #healthStatusManager} manages
 * is no longer serving; all connections get a GOAWAY, and what is in flight on them runs on, streams without a limit but
 * the drain timeout; {@link #onDrain} lets the application end those. At the drain timeout {@code shutdownNow()} ends the
 * rest. A client that does not answer HTTP/2's PING holds the end up for 10 s, as it does with {@code Server.shutdown()}.
 */
public final class GracefulServerBuilder extends ForwardingServerBuilder<GracefulServerBuilder> {
    private static final Duration MOST_NEGOTIATION = Duration.ofSeconds(5);

    private final ServerChannels channels;
    private final NettyServerBuilder builder;
    private final List<SocketAddress> addresses = new ArrayList<>();
    private @Nullable Health health;
    private final List<Runnable> beforeGoAway = new ArrayList<>();
    private final List<Runnable> afterGoAway = new ArrayList<>();

    GracefulServerBuilder(Graceful graceful, SocketAddress address) {
        this.channels = ServerChannels.of(graceful);
        this.builder = NettyServerBuilder.forAddress(address);
        add(address);
    }

    /** The server listens on this address, too, TCP or unix. */
    public GracefulServerBuilder addListenAddress(SocketAddress address) {
        builder.addListenAddress(address);
        add(address);
        return this;
    }

    private void add(SocketAddress address) {
        if (address instanceof DomainSocketAddress) {
            channels.unix(); // fails where there is none
        }
        addresses.add(address);
    }

    /**
     * Sets what only grpc-netty's own builder has, at once. The event loops and the channel type are graceful-netty's
     * whatever it sets, and addresses are not to be added here.
     */
    public GracefulServerBuilder netty(Consumer<? super NettyServerBuilder> settings) {
        settings.accept(builder);
        return this;
    }

    /**
     * The server as a whole and all its services are NOT_SERVING as soon as the drain begins, before clients are told to
     * go; those that were SERVING are so again if this process has to take back. Needs grpc-services. The health service
     * itself is the application's to add. A client that keeps watching all the same holds the drain up.
     */
    public GracefulServerBuilder healthStatusManager(HealthStatusManager manager) {
        health = new Health(manager);
        return this;
    }

    GracefulServerBuilder beforeGoAway(Runnable action) {
        beforeGoAway.add(action);
        return this;
    }

    /**
     * Calls {@code action} when the drain has begun and all connections have been sent a GOAWAY, for the application to
     * complete streams that would not end by themselves. Clients may begin more calls until they have read the GOAWAY. It
     * runs on a thread of this server's own and may block. May be called several times; they run in that order.
     */
    public GracefulServerBuilder onDrain(Runnable action) {
        afterGoAway.add(action);
        return this;
    }

    /**
     * Builds the server. It has event loops of its own, daemon threads, which it ends when it has terminated; so a server
     * that is not started is to be shut down.
     */
    @Override
    public Server build() {
        EventLoopGroup boss = channels.newGroup(1, new DefaultThreadFactory("graceful-grpc-boss", true));
        EventLoopGroup workers = channels.newGroup(0, new DefaultThreadFactory("graceful-grpc-worker", true));
        Duration half = channels.drainTimeout().dividedBy(2);
        Duration mostNegotiation = half.compareTo(MOST_NEGOTIATION) < 0 ? half : MOST_NEGOTIATION;
        GracefulServer server = new GracefulServer(boss, workers, mostNegotiation, health, beforeGoAway, afterGoAway);
        try {
            if (addresses.stream().allMatch(DomainSocketAddress.class::isInstance)) {
                builder.withChildOption(ChannelOption.SO_KEEPALIVE, null); // or Netty warns at each connection
            }
            Server plain = builder.bossEventLoopGroup(boss)
                    .workerEventLoopGroup(workers)
                    .channelFactory(inOrder(channels.drainedBy(server), addresses))
                    .build();
            return server.of(plain);
        } catch (RuntimeException | Error e) {
            server.endLoops();
            throw e;
        }
    }

    @Override
    protected ServerBuilder<?> delegate() {
        return builder;
    }

    /** grpc-netty binds its addresses one after the other, in the order in which they were added. */
    private static ChannelFactory<ServerChannel> inOrder(ServerChannels channels, List<SocketAddress> addresses) {
        if (addresses.stream().noneMatch(DomainSocketAddress.class::isInstance)) {
            return channels.tcp();
        }
        ChannelFactory<ServerChannel> tcp = channels.tcp();
        ChannelFactory<ServerChannel> unix = channels.unix();
        Iterator<SocketAddress> next = List.copyOf(addresses).iterator();
        return () -> next.next() instanceof DomainSocketAddress ? unix.newChannel() : tcp.newChannel();
    }
}
