// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.internal.descriptor.Addresses;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The listeners and datagram sockets of this process: those that were inherited and wait to be claimed, and those that
 * are open. Also the one switch that lets all of them read or pauses them. Safe for use by several threads.
 */
public final class ListenerRegister {
    private final @Nullable NativeTransport transport;
    private final AcceptedConnections connections;
    private final Runnable changed;
    private final Claims claims = new Claims();
    private final List<OpenSocket> open = new ArrayList<>();
    private volatile BiConsumer<ListenerChannel, Channel> accepted = (listener, connection) -> {};
    private volatile boolean accepting;
    private volatile boolean keepsPaths;
    private volatile @Nullable String notBound;
    private volatile Collection<? extends DescriptorSender.Item> kept = List.of();

    /**
     * @param transport {@code null} if there is none: sockets are bound plainly then
     * @param changed called after a socket was opened, on its event loop
     */
    public ListenerRegister(@Nullable NativeTransport transport, AcceptedConnections connections, Runnable changed) {
        this.transport = transport;
        this.connections = connections;
        this.changed = changed;
    }

    /** Who is told of each connection that is accepted and that nobody else drains, on its listener's loop. Set before any. */
    public void onAccept(BiConsumer<ListenerChannel, Channel> action) {
        accepted = action;
    }

    void accepted(ListenerChannel listener, Channel connection) {
        accepted.accept(listener, connection);
    }

    /** The listener of that kind, address and name that is open; {@code null} if there is none. */
    public @Nullable ListenerChannel find(DescriptorKind kind, SocketAddress address, String name) {
        for (OpenSocket socket : open()) {
            if (socket instanceof ListenerChannel listener && listener.is(kind, address, name)) {
                return listener;
            }
        }
        return null;
    }

    @Nullable
    NativeTransport transport() {
        return transport;
    }

    AcceptedConnections connections() {
        return connections;
    }

    Claims claims() {
        return claims;
    }

    /**
     * Adds what may be claimed; this register owns the descriptors from now on.
     *
     * @throws io.github.gracefulnetty.internal.wire.ProtocolException if the metadata makes no sense; then they are
     *     still the caller's
     */
    public void inherit(List<Inherited> descriptors) {
        claims.inherit(descriptors);
    }

    /** What was inherited and nobody has claimed so far. */
    public List<Description> unclaimed() {
        return claims.unclaimed();
    }

    /** The same, with what belongs to them; they stay this register's. */
    public List<Inherited> unclaimedInherited() {
        return claims.inherited();
    }

    /** The sockets among them. */
    public List<Description> unclaimedSockets() {
        List<Description> sockets = new ArrayList<>();
        for (Description one : unclaimed()) {
            if (one.kind().isSocket()) {
                sockets.add(one);
            }
        }
        return sockets;
    }

    /** How many inherited sockets were claimed so far. */
    public int claimedSockets() {
        return claims.claimedSockets();
    }

    /** Whether sockets were inherited and claimed, and this process has closed all that it had. */
    public boolean hasClosedAll() {
        return claimedSockets() > 0 && describe().isEmpty();
    }

    /** What was tried last and could not be bound, and why. */
    public Optional<String> whyNotBound() {
        return Optional.ofNullable(notBound);
    }

    void notBound(SocketAddress address, Throwable cause) {
        notBound = "it could not bind " + Addresses.format(address) + ": " + Reasons.of(cause);
    }

    /** Whether a socket of that identity waits to be claimed. */
    public boolean offers(Description wanted) {
        for (Description one : unclaimed()) {
            if (one.kind() == wanted.kind()
                    && one.local() != null
                    && wanted.local() != null
                    && Addresses.same(one.local(), wanted.local())) {
                return true;
            }
        }
        return false;
    }

    /**
     * Closes what was inherited and not claimed, and returns what that was.
     *
     * @param removePaths whether to remove the paths of unix sockets, too: only if they are ours by now
     */
    public List<Inherited> closeUnclaimed(boolean removePaths) {
        return claims.close(removePaths);
    }

    /**
     * The descriptor of a file or pipe that was inherited under this name, once: it is the caller's then.
     *
     * @return {@code null} if there is none
     */
    public @Nullable Inherited claimNamed(DescriptorKind kind, String name) {
        Claims.Claimed claimed = claims.claim(new Claims.Wanted(kind, null, null, name));
        return claimed == null ? null : claimed.inherited();
    }

    private synchronized List<OpenSocket> open() {
        return List.copyOf(open);
    }

    /** Whether another process owns the paths of unix sockets: closing must not remove them, nor those claimed later. */
    public void keepPaths(boolean keep) {
        keepsPaths = keep;
        for (OpenSocket socket : open()) {
            socket.keepPath(keep);
        }
    }

    /** Whether the paths of what is claimed now are another process's. */
    boolean keepsPaths() {
        return keepsPaths;
    }

    /** Removes the paths of unix sockets, unless another process owns them. On any thread. */
    public void removePaths() {
        open().forEach(OpenSocket::removePath);
    }

    /** Closes the listening sockets, but not yet the channels that applications wait for. */
    public CompletableFuture<Void> closeSockets() {
        return onAll(OpenSocket::closeSocket);
    }

    /**
     * Closes those of the sockets that were kept by {@link #pauseAllBut}, each when its queue is empty. Their channels
     * stay open for those who wait for their end.
     */
    public CompletableFuture<Void> closeKept() {
        Collection<? extends DescriptorSender.Item> items = kept;
        List<OpenSocket> abandoned =
                open().stream().filter(socket -> items.contains(socket.item())).toList();
        abandoned.forEach(OpenSocket::removePath);
        return CompletableFuture.allOf(
                abandoned.stream().map(OpenSocket::closeWhenQueueIsEmpty).toArray(CompletableFuture<?>[]::new));
    }

    /** Ends all sockets: whoever waits for their end goes on. */
    public void end() {
        open().forEach(OpenSocket::end);
    }

    /** Everything that is open and can be handed over, in the order in which it was opened. */
    public synchronized List<DescriptorSender.Item> items() {
        List<DescriptorSender.Item> items = new ArrayList<>(open.size());
        for (OpenSocket socket : open) {
            DescriptorSender.Item item = socket.item();
            if (item != null) {
                items.add(item);
            }
        }
        return items;
    }

    /** What is open, for messages. */
    public synchronized List<String> describe() {
        List<String> descriptions = new ArrayList<>(open.size());
        for (OpenSocket socket : open) {
            descriptions.add(socket.describe());
        }
        return descriptions;
    }

    /** Whether {@code socket} may read now. */
    boolean accepting(OpenSocket socket) {
        return accepting || (!kept.isEmpty() && kept.contains(socket.item()));
    }

    /** Whether those that are bound now may read. */
    boolean accepting() {
        return accepting;
    }

    /**
     * Pauses all but those that nobody takes over; the paths of all others are another process's.
     *
     * @return see {@link #accept}
     */
    public CompletableFuture<Void> pauseAllBut(Collection<? extends DescriptorSender.Item> items) {
        kept = List.copyOf(items);
        accepting = false;
        for (OpenSocket socket : open()) {
            socket.keepPath(!kept.contains(socket.item()));
        }
        return onAll(OpenSocket::followRegister);
    }

    /**
     * Lets all sockets read, or pauses them; those that are bound later, too.
     *
     * @return completes when every socket's event loop has done so: after a pause, no loop will accept another
     *     connection or read another datagram, and each accepted one has been registered with, or queued at, its own loop
     */
    public CompletableFuture<Void> accept(boolean accept) {
        kept = List.of();
        accepting = accept;
        return onAll(OpenSocket::followRegister);
    }

    private CompletableFuture<Void> onAll(Function<OpenSocket, CompletableFuture<Void>> action) {
        List<CompletableFuture<Void>> done = new ArrayList<>();
        for (OpenSocket socket : open()) {
            done.add(action.apply(socket));
        }
        return CompletableFuture.allOf(done.toArray(new CompletableFuture<?>[0]));
    }

    void opened(OpenSocket socket) {
        synchronized (this) {
            open.add(socket);
        }
        if (!keepsPaths) { // that may have changed since it was opened
            socket.keepPath(false);
        }
        changed.run();
    }

    synchronized void closed(OpenSocket socket) {
        open.remove(socket);
    }
}
