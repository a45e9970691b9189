// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.handoff.Addresses;
import io.github.gracefulnetty.handoff.ListenerDescription;
import io.github.gracefulnetty.transport.SocketKind;
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
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The server channel that applications hold. It does not know its socket until {@code bind(address)} says which one is
 * meant: then it opens a real channel of the transport inside, inherited or fresh, and relays what that one accepts.
 *
 * <p>Reading waits for three things: the pipeline asked for it (which it does after the acceptor is in place), auto-read
 * is on, and the {@link ListenerRegister} lets listeners accept.
 */
public abstract class LateBindingServerChannel extends AbstractServerChannel {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(LateBindingServerChannel.class);

    /** The name that the application gave this listener. */
    public static final AttributeKey<String> NAME = AttributeKey.valueOf(LateBindingServerChannel.class, "NAME");

    private final ListenerRegister register;
    private final SocketKind kind;
    private final ChannelFactory<? extends ServerChannel> plainFactory;
    private final LateBindingConfig config;
    private final Map<AttributeKey<?>, Boolean> earlyAttributes = new ConcurrentHashMap<>();

    private volatile @Nullable Listener listener;
    private volatile boolean closed;
    private boolean readRequested;

    LateBindingServerChannel(
            ListenerRegister register, SocketKind kind, ChannelFactory<? extends ServerChannel> plainFactory) {
        this.register = register;
        this.kind = kind;
        this.plainFactory = plainFactory;
        this.config = new LateBindingConfig(this);
    }

    /**
     * A factory for server channels that claim, bind and pause as {@code register} says.
     *
     * @param plainFactory makes the channel that is used where no native transport drives the event loop
     */
    public static ServerChannel create(
            ListenerRegister register, SocketKind kind, ChannelFactory<? extends ServerChannel> plainFactory) {
        return switch (kind) {
            case TCP -> new LateBindingServerSocketChannel(register, plainFactory);
            case UNIX -> new LateBindingServerDomainSocketChannel(register, plainFactory);
        };
    }

    /** The identity of the bound listener; {@code null} before it is bound and for one that cannot be handed on. */
    public @Nullable ListenerDescription description() {
        Listener bound = listener;
        return bound == null ? null : bound.description();
    }

    /** The listening descriptor, which stays this channel's, or {@code null} if there is none to hand on. */
    public @Nullable FileDescriptor descriptor() {
        Listener bound = listener;
        return bound != null && bound.channel() instanceof UnixChannel unix && unix.isOpen() ? unix.fd() : null;
    }

    /** Where it listens, for messages. */
    public String describe() {
        SocketAddress address = localAddress();
        return kind + " " + (address == null ? "(not bound)" : Addresses.format(address));
    }

    /** Whether another process owns the path of a unix socket, so that closing this channel must not remove it. */
    public void keepPath(boolean keep) {
        Listener bound = listener;
        if (bound != null) {
            bound.keepPath(keep);
        }
    }

    /** Removes the path of a unix socket, unless another process owns it. On any thread. */
    public void removePath() {
        Listener bound = listener;
        if (bound != null) {
            bound.removePath();
        }
    }

    /**
     * Closes the listening socket, but not yet this channel: what waits for its {@link #closeFuture()} goes on waiting.
     *
     * @return completes when the socket is closed
     */
    public CompletableFuture<Void> closeSocket() {
        return onLoop(() -> {
            Listener bound = listener;
            if (bound != null) {
                bound.leave();
            }
        });
    }

    /** Makes the channel accept, or pause, as the register says now. */
    CompletableFuture<Void> followRegister() {
        return onLoop(this::updateReading);
    }

    private CompletableFuture<Void> onLoop(Runnable action) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Runnable task = () -> {
            try {
                action.run();
                done.complete(null);
            } catch (Throwable t) {
                done.completeExceptionally(t);
            }
        };
        EventLoop loop = eventLoop();
        if (loop.inEventLoop()) {
            task.run();
        } else {
            try {
                loop.execute(task);
            } catch (RejectedExecutionException e) {
                // The loop has ended, and with it everything that was registered there.
                done.complete(null);
            }
        }
        return done;
    }

    @Override
    protected void doBind(SocketAddress address) throws Exception {
        EventLoop loop = eventLoop();
        Listener bound = new ListenerOpener(register, kind, plainFactory).open(address, name(), config, loop);
        listener = bound;
        ServerChannel inner = bound.channel();
        for (AttributeKey<?> key : earlyAttributes.keySet()) {
            copyAttribute(key, inner);
        }
        inner.pipeline().addLast(new Relay(this, register.connections()));
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
        if (bound != null && register.accepting()) {
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
        boolean accepting = register.accepting();
        bound.channel().config().setAutoRead(accepting && config.isAutoRead());
        if (accepting && readRequested) {
            readRequested = false;
            bound.channel().read();
        }
    }

    /** Auto-read was switched off: from the event loop or any other thread. */
    void autoReadCleared() {
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

    static InternalLogger logger() {
        return LOGGER;
    }
}
