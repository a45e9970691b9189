// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.epoll.EpollTransport;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.SocketFacts;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.PeerCredentials;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * The transport of a {@link FaultyServer}, and of no other process: something goes wrong when a descriptor is looked at,
 * which is in the middle of a transfer. Otherwise that of epoll.
 */
public final class FaultyTransport implements NativeTransport {
    private final EpollTransport epoll = new EpollTransport();

    @Override
    public @Nullable Throwable unavailabilityCause() {
        return FaultyServer.isRunning()
                ? epoll.unavailabilityCause()
                : new IllegalStateException("this process is no FaultyServer");
    }

    @Override
    public SocketFacts inspect(int descriptor) throws IOException {
        FaultyServer.descriptor(false);
        SocketFacts facts = epoll.inspect(descriptor);
        FaultyServer.descriptor(true);
        return facts;
    }

    @Override
    public SocketFacts inspect(UnixChannel channel) throws IOException {
        return epoll.inspect(channel);
    }

    @Override
    public String name() {
        return epoll.name();
    }

    @Override
    public boolean drives(EventLoopGroup group) {
        return epoll.drives(group);
    }

    @Override
    public boolean drives(EventLoop loop) {
        return epoll.drives(loop);
    }

    @Override
    public EventLoopGroup newGroup(int threads, ThreadFactory threadFactory) throws IOException {
        return epoll.newGroup(threads, threadFactory);
    }

    @Override
    public boolean isOfKind(Channel channel, DescriptorKind kind) {
        return epoll.isOfKind(channel, kind);
    }

    @Override
    public Channel open(DescriptorKind kind, @Nullable StandardProtocolFamily family) throws IOException {
        return epoll.open(kind, family);
    }

    @Override
    public boolean canAdopt(DescriptorKind kind) {
        return epoll.canAdopt(kind);
    }

    @Override
    public Channel adopt(DescriptorKind kind, int descriptor) throws IOException {
        return epoll.adopt(kind, descriptor);
    }

    @Override
    public boolean changesSocket(ChannelOption<?> option) {
        return epoll.changesSocket(option);
    }

    @Override
    public Channel newConnection() throws IOException {
        return epoll.newConnection();
    }

    @Override
    public void receiveDescriptors(Channel connection) {
        epoll.receiveDescriptors(connection);
    }

    @Override
    public void switchReading(Channel connection, boolean descriptors) {
        epoll.switchReading(connection, descriptors);
    }

    @Override
    public PeerCredentials peerCredentials(Channel connection) throws IOException {
        return epoll.peerCredentials(connection);
    }

    @Override
    public boolean isDelivered(Channel connection) {
        return epoll.isDelivered(connection);
    }
}
