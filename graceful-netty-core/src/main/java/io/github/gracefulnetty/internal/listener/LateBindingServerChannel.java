// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.connection.ServerDrain;
import io.github.gracefulnetty.internal.descriptor.Addresses;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.channel.AbstractServerChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The server channel that applications hold. It does not know its socket until {@code bind(address)} says which one is
 * meant: then it opens a real channel of the transport inside, inherited or fresh, and relays what that one accepts.
 *
 * <p>Reading waits for three things: the pipeline asked for it (which it does after the acceptor is in place), auto-read
 * is on, and the {@link ListenerRegister} lets listeners accept.
 */
public abstract class LateBindingServerChannel extends AbstractServerChannel implements ListenerChannel {
    private static final int QUIET_TURNS = 3;

    /** The name that the application gave this listener. */
    public static final AttributeKey<String> NAME = AttributeKey.valueOf(LateBindingServerChannel.class, "NAME");

    /** IPv4 or IPv6, if only that will do. */
    public static final AttributeKey<StandardProtocolFamily> FAMILY =
            AttributeKey.valueOf(LateBindingServerChannel.class, "FAMILY");

    private final ListenerRegister register;
    private final DescriptorKind kind;
    private final ChannelFactory<? extends ServerChannel> plainFactory;
    private final LateBindingConfig config;
    private final Map<AttributeKey<?>, Boolean> earlyAttributes = new ConcurrentHashMap<>();

    private final Relay relay;
    private volatile @Nullable Listener listener;
    private volatile boolean closed;
    private boolean readRequested;

    LateBindingServerChannel(
            ListenerRegister register,
            DescriptorKind kind,
            ChannelFactory<? extends ServerChannel> plainFactory,
            ServerDrain drain) {
        this.register = register;
        this.kind = kind;
        this.plainFactory = plainFactory;
        this.config = new LateBindingConfig(this, this::describe, this::autoReadCleared);
        this.relay = new Relay(this, this::accepted, register.connections(), drain);
    }

    /** Its socket has accepted this one. */
    private void accepted(Channel connection) {
        register.accepted(this, connection);
    }

    @Override
    public void arrived(Channel connection) {
        relay.pass(connection);
    }

    @Override
    public void arrivedSoFar() {
        pipeline().fireChannelReadComplete();
    }

    @Override
    public DescriptorSender.@Nullable Item item() {
        Listener bound = listener;
        return bound == null ? null : bound.item();
    }

    @Override
    public boolean is(DescriptorKind itsKind, SocketAddress address, String itsName) {
        Listener bound = listener;
        DescriptorSender.Item item = closed || bound == null ? null : bound.item();
        SocketAddress local = item == null ? null : item.description().local();
        return item != null
                && local != null
                && item.description().kind() == itsKind
                && Addresses.same(local, address)
                && item.description().name().equals(itsName);
    }

    @Override
    public @Nullable FileDescriptor descriptor() {
        Listener bound = listener;
        return bound != null && bound.channel() instanceof UnixChannel unix && unix.isOpen() ? unix.fd() : null;
    }

    @Override
    public String describe() {
        SocketAddress address = localAddress();
        return kind + " " + (address == null ? "(not bound)" : Addresses.format(address));
    }

    @Override
    public void keepPath(boolean keep) {
        Listener bound = listener;
        if (bound != null) {
            bound.path().keep(keep);
        }
    }

    @Override
    public void removePath() {
        Listener bound = listener;
        if (bound != null) {
            bound.path().remove();
        }
    }

    @Override
    public void end() {
        close();
    }

    /**
     * Closes the listening socket, but not yet this channel: what waits for its {@link #closeFuture()} goes on waiting.
     *
     * @return completes when the socket is closed
     */
    @Override
    public CompletableFuture<Void> closeSocket() {
        return onLoop(() -> {
            Listener bound = listener;
            if (bound != null) {
                bound.leave();
            }
        });
    }

    @Override
    public CompletableFuture<Void> closeWhenQueueIsEmpty() {
        CompletableFuture<Void> closed = new CompletableFuture<>();
        onLoop(() -> closeUnlessAccepted(relay.accepted(), QUIET_TURNS, closed));
        return closed;
    }

    /** The loop looks at its sockets before it runs what is due later. Nothing accepted for some turns: the queue is empty. */
    private void closeUnlessAccepted(long before, int turns, CompletableFuture<Void> closed) {
        long now = relay.accepted();
        if (now == before && turns == 0) {
            closeSocket().thenRun(() -> closed.complete(null));
            return;
        }
        try {
            eventLoop()
                    .schedule(
                            () -> closeUnlessAccepted(now, now == before ? turns - 1 : QUIET_TURNS, closed),
                            1,
                            TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            closed.complete(null); // the loop has ended, and with it the socket
        }
    }

    /** Netty 4.1 may have a task in its queue already that accepts once more: it is over when this is. */
    @Override
    public CompletableFuture<Void> followRegister() {
        return onLoop(this::updateReading).thenCompose(updated -> Loops.pass(eventLoop()));
    }

    private CompletableFuture<Void> onLoop(Runnable action) {
        return Loops.run(eventLoop(), action);
    }

    @Override
    protected void doBind(SocketAddress address) throws Exception {
        try {
            open(address);
        } catch (Throwable t) {
            register.notBound(address, t);
            throw t;
        }
    }

    private void open(SocketAddress address) throws Exception {
        EventLoop loop = eventLoop();
        Listener bound = new ListenerOpener(register, kind, plainFactory)
                .open(address, super.attr(FAMILY).get(), name(), config, loop);
        listener = bound;
        ServerChannel inner = bound.channel();
        for (AttributeKey<?> key : earlyAttributes.keySet()) {
            copyAttribute(key, inner);
        }
        inner.pipeline().addLast(relay);
        bound.register(loop);
        config.bound(inner, bound.sharedThrough());
        inner.closeFuture().addListener((ChannelFutureListener) future -> {
            if (!bound.left()) {
                close();
            }
        });
        register.opened(this);
    }

    private String name() {
        String name = attr(NAME).get();
        return name == null ? "" : name;
    }

    @Override
    protected void doBeginRead() {
        Listener bound = listener;
        readRequested = true;
        if (bound != null && register.accepting(this)) {
            readRequested = false;
            updateReading();
            if (!bound.channel().config().isAutoRead()) {
                bound.channel().read();
            }
        }
    }

    /** Runs on the event loop. */
    private void updateReading() {
        Listener bound = listener;
        if (bound == null || !bound.channel().isOpen()) {
            return;
        }
        boolean accepting = register.accepting(this);
        bound.channel().config().setAutoRead(accepting && config.isAutoRead());
        if (accepting && readRequested) {
            readRequested = false;
            bound.channel().read();
        }
    }

    /** Auto-read was switched off: from the event loop or any other thread. */
    private void autoReadCleared() {
        Listener bound = listener;
        if (bound != null) {
            bound.channel().config().setAutoRead(false);
        }
    }

    @Override
    protected void doClose() {
        closed = true;
        Listener bound = listener;
        if (bound != null) {
            register.closed(this);
            bound.close();
        }
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return true; // the real channel is chosen to fit the loop
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public boolean isActive() {
        return !closed && listener != null;
    }

    @Override
    public LateBindingConfig config() {
        return config;
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        Listener bound = listener;
        return bound == null ? null : bound.address();
    }

    /** Before the bind attributes are kept here, afterwards they are those of the real channel, its children's parent. */
    @Override
    public <T> Attribute<T> attr(AttributeKey<T> key) {
        Listener bound = listener;
        if (bound != null) {
            return bound.channel().attr(key);
        }
        earlyAttributes.put(key, Boolean.TRUE);
        return super.attr(key);
    }

    @Override
    public <T> boolean hasAttr(AttributeKey<T> key) {
        Listener bound = listener;
        return bound == null ? super.hasAttr(key) : bound.channel().hasAttr(key);
    }

    private <T> void copyAttribute(AttributeKey<T> key, Channel inner) {
        T value = super.attr(key).get();
        if (value != null) {
            inner.attr(key).set(value);
        }
    }
}
