// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.drain.ConnectionTracker;
import io.github.gracefulnetty.handoff.Addresses;
import io.github.gracefulnetty.handoff.InheritedListener;
import io.github.gracefulnetty.handoff.ListenerDescription;
import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.SocketKind;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The listeners of this process: those that were inherited and wait to be claimed, and those that are open. Also the one
 * switch that lets all of them accept or pauses them. Safe for use by several threads.
 */
public final class ListenerRegister {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(ListenerRegister.class);

    private final @Nullable NativeTransport transport;
    private final ConnectionTracker connections;
    private final Runnable changed;
    private final List<InheritedListener> inherited = new ArrayList<>();
    private final List<LateBindingServerChannel> open = new ArrayList<>();
    private volatile boolean accepting;

    /**
     * @param transport {@code null} if there is none: listeners are bound plainly then
     * @param changed called after a listener was opened, on its event loop
     */
    public ListenerRegister(@Nullable NativeTransport transport, ConnectionTracker connections, Runnable changed) {
        this.transport = transport;
        this.connections = connections;
        this.changed = changed;
    }

    @Nullable
    NativeTransport transport() {
        return transport;
    }

    ConnectionTracker connections() {
        return connections;
    }

    /** Adds listeners that may be claimed; this register owns their descriptors from now on. */
    public synchronized void inherit(List<InheritedListener> listeners) {
        inherited.addAll(listeners);
    }

    /** The inherited listeners that nobody has claimed so far. */
    public synchronized List<ListenerDescription> unclaimed() {
        List<ListenerDescription> descriptions = new ArrayList<>(inherited.size());
        for (InheritedListener listener : inherited) {
            descriptions.add(listener.description());
        }
        return descriptions;
    }

    /** The channels that are bound, in the order in which they were. */
    public synchronized List<LateBindingServerChannel> open() {
        return List.copyOf(open);
    }

    /** Whether a listener of that identity waits to be claimed. */
    public synchronized boolean offers(ListenerDescription wanted) {
        for (ListenerDescription listener : unclaimed()) {
            if (listener.kind() == wanted.kind() && Addresses.same(listener.bound(), wanted.bound())) {
                return true;
            }
        }
        return false;
    }

    /** Closes what was inherited and not claimed, and returns what that was. Paths are left alone. */
    public synchronized List<ListenerDescription> closeUnclaimed() {
        List<ListenerDescription> closed = unclaimed();
        for (InheritedListener listener : inherited) {
            listener.descriptor().close();
        }
        inherited.clear();
        return closed;
    }

    /**
     * The inherited listener that is meant by {@code address}, if there is one: the caller owns its descriptor then.
     * A listener with the wanted name wins, then one that was asked for by the same address, then one that is bound to
     * it, then one whose wildcard means the same.
     */
    synchronized @Nullable InheritedListener claim(SocketKind kind, SocketAddress address, String name) {
        for (Match match : Match.values()) {
            for (int i = 0; i < inherited.size(); i++) {
                ListenerDescription description = inherited.get(i).description();
                if (description.kind() == kind && match.holds(description, address, name)) {
                    return inherited.remove(i);
                }
            }
        }
        if (!inherited.isEmpty()) {
            LOGGER.warn(
                    "graceful-netty: {} {} is none of the inherited listeners that are left, it is bound anew; left are: {}",
                    kind,
                    Addresses.format(address),
                    unclaimed());
        }
        return null;
    }

    /** The ways in which a claim can mean a listener, the best one first. */
    private enum Match {
        NAME,
        REQUESTED,
        ANY_PORT,
        BOUND,
        WILDCARD;

        boolean holds(ListenerDescription listener, SocketAddress address, String name) {
            return switch (this) {
                case NAME -> !name.isEmpty() && listener.name().equals(name);
                case REQUESTED -> Addresses.same(listener.requested(), address);
                case ANY_PORT ->
                    port(address) == 0
                            && port(listener.requested()) == 0
                            && Addresses.equivalent(listener.requested(), address);
                case BOUND -> port(address) != 0 && Addresses.same(listener.bound(), address);
                case WILDCARD -> port(address) != 0 && Addresses.equivalent(listener.bound(), address);
            };
        }
    }

    /** Whether listeners may accept now. */
    boolean accepting() {
        return accepting;
    }

    /**
     * Lets all listeners accept, or pauses them; those that are bound later, too.
     *
     * @return completes when every listener's event loop has done so: after a pause, no loop will accept another
     *     connection, and each accepted one has been registered with, or queued at, its own loop
     */
    public CompletableFuture<Void> accept(boolean accept) {
        List<LateBindingServerChannel> channels;
        synchronized (this) {
            accepting = accept;
            channels = open();
        }
        CompletableFuture<?>[] done = new CompletableFuture<?>[channels.size()];
        for (int i = 0; i < done.length; i++) {
            done[i] = channels.get(i).followRegister();
        }
        return CompletableFuture.allOf(done);
    }

    void opened(LateBindingServerChannel channel) {
        synchronized (this) {
            open.add(channel);
        }
        changed.run();
    }

    synchronized void closed(LateBindingServerChannel channel) {
        open.remove(channel);
    }

    private static int port(SocketAddress address) {
        return address instanceof InetSocketAddress inet ? inet.getPort() : -1;
    }
}
