// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.FileMode;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.descriptor.OwnedDescriptor;
import io.github.gracefulnetty.internal.listener.AcceptedConnections;
import io.github.gracefulnetty.internal.listener.LateBindingChannels;
import io.github.gracefulnetty.internal.listener.ListenerRegister;
import io.github.gracefulnetty.internal.process.OpenFiles;
import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.bootstrap.AbstractBootstrap;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A descriptor that was received and verified: it is of the announced kind and family, and at the announced address. It is
 * closed by {@link #close}, unless one of the other methods has made something of it: then that is closed instead. Safe
 * for use by several threads; what is made of it is made once.
 */
public final class ReceivedDescriptor implements AutoCloseable {
    private final NativeTransport transport;
    private final Description description;
    private final Bytes metadata;
    private final OwnedDescriptor owned;

    ReceivedDescriptor(NativeTransport transport, Inherited inherited) {
        this.transport = transport;
        this.description = inherited.description();
        this.metadata = inherited.metadata();
        this.owned = inherited.descriptor();
    }

    /** What it is. */
    public DescriptorKind kind() {
        return description.kind();
    }

    /** The name that its sender gave it, empty if none. */
    public String name() {
        return description.name();
    }

    /** What its sender added. A copy. */
    public byte[] metadata() {
        return metadata.array().clone();
    }

    /**
     * What its sender added, if that is a map: see {@link Offer#with(Map)}. No entries if it added nothing.
     *
     * @throws IllegalArgumentException if it is something else
     */
    public Map<String, String> metadataMap() {
        return Metadata.toMap(metadata.array());
    }

    /** The address of a socket that is bound, {@code null} if there is none. */
    public @Nullable SocketAddress localAddress() {
        return description.local();
    }

    /** The address of a socket that is connected, {@code null} if there is none. */
    public @Nullable SocketAddress remoteAddress() {
        return description.remote();
    }

    /** The descriptor's number, to look at it. It stays this object's. */
    public int number() {
        return owned.number();
    }

    /**
     * The descriptor, which is the caller's to close from now on.
     *
     * @throws IllegalStateException if it was closed, or something was made of it
     */
    public int release() {
        return owned.release();
    }

    /**
     * Turns a listener into a server channel: what waits in its queue is accepted as soon as the pipeline is complete.
     *
     * @param bootstrap with event loops of a native transport and a child handler, without a channel class; not changed.
     *     Options that would change the socket are ignored, as it is shared with its sender
     * @return the channel; it owns the descriptor. If the future fails, the descriptor is closed
     * @throws IllegalArgumentException if this is no listener, or the bootstrap does not fit; nothing is closed then
     */
    public ChannelFuture bind(ServerBootstrap bootstrap) {
        check(kind().isListener(), "is not a listener", bootstrap);
        SocketAddress address = Objects.requireNonNull(description.local(), "a listener has an address");
        ListenerRegister register = new ListenerRegister(transport, AcceptedConnections.UNTRACKED, () -> {});
        register.inherit(List.of(new Inherited(-1, description, Bytes.NONE, owned.moved())));
        register.accept(true);
        ChannelFactory<ServerChannel> factory = () -> LateBindingChannels.create(
                register, kind(), () -> NativeCalls.unchecked(() -> (ServerChannel) transport.open(kind(), null)));
        ChannelFuture bound = bootstrap.clone().channelFactory(factory).bind(address);
        return bound.addListener(done -> {
            if (!done.isSuccess()) {
                register.closeUnclaimed(false);
            }
        });
    }

    /**
     * Turns a connection or a datagram socket into a channel: active, its addresses known, reading as soon as its pipeline
     * is complete. Its {@code parent()} is {@code null}. A connected datagram channel knows its remote address, and is
     * read and written like any other; only its {@code isConnected()} says no.
     *
     * @param bootstrap with event loops of a native transport and a handler, without a channel class; not changed
     * @return the channel; it owns the descriptor. If the future fails, the descriptor is closed
     * @throws IllegalArgumentException if this is neither, or the bootstrap does not fit; nothing is closed then
     */
    public ChannelFuture register(Bootstrap bootstrap) {
        check(kind().isConnection() || kind().isDatagram(), "is neither a connection nor a datagram socket", bootstrap);
        return bootstrap
                .clone()
                .channelFactory(
                        (ChannelFactory<Channel>) () -> NativeCalls.unchecked(() -> owned.adopt(transport, kind())))
                .register();
    }

    /**
     * Opens a file or one end of a pipe, in the mode and at the offset that it was sent with, and closes the descriptor
     * itself: the sender's offset does not follow. Linux only.
     *
     * @return the file; the caller closes it
     * @throws IOException if this process may not open it; then this still owns the descriptor
     * @throws IllegalArgumentException if this is neither; nothing is closed then
     */
    public FileChannel toFile() throws IOException {
        FileMode mode = description.mode();
        if (mode == null) {
            throw new IllegalArgumentException(this + " is neither a file nor a pipe");
        }
        FileChannel file = OpenFiles.reopen(number(), mode);
        close();
        return file;
    }

    private void check(boolean fits, String problem, AbstractBootstrap<?, ?> bootstrap) {
        if (!fits) {
            throw new IllegalArgumentException(this + " " + problem);
        }
        if (!transport.canAdopt(kind())) {
            throw new IllegalArgumentException(transport.name() + " cannot go on with " + this);
        }
        EventLoopGroup group = bootstrap.config().group();
        if (group == null || !drives(group)) {
            throw new IllegalArgumentException(
                    this + " needs the event loops of " + transport.name() + ", not " + group);
        }
    }

    /** A single loop is a group, too: that of a channel, to stay on its thread. */
    private boolean drives(EventLoopGroup group) {
        return group instanceof EventLoop loop ? transport.drives(loop) : transport.drives(group);
    }

    /** Closes the descriptor, if nothing was made of it. */
    @Override
    public void close() {
        owned.close();
    }

    @Override
    public String toString() {
        return description.toString();
    }
}
