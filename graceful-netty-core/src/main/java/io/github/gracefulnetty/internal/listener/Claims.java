// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.internal.descriptor.Addresses;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was inherited and waits to be claimed: once each, in the order in which it came. Owns the descriptors until then.
 * Safe for use by several threads.
 */
final class Claims {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(Claims.class);

    /**
     * What a claim asks for.
     *
     * @param family IPv4 or IPv6 only; {@code null} for either
     * @param address where it is bound, {@code null} if only the name counts
     * @param name the name of this socket, empty if it has none
     */
    record Wanted(
            DescriptorKind kind,
            @Nullable StandardProtocolFamily family,
            @Nullable SocketAddress address,
            String name) {
        @Override
        public String toString() {
            return kind
                    + (address == null ? "" : " " + Addresses.format(address))
                    + (name.isEmpty() ? "" : " (" + name + ")");
        }
    }

    /** What was claimed; the descriptor is the claimant's. */
    record Claimed(Inherited inherited, ListenerTraits traits) {}

    private final List<Claimed> inherited = new ArrayList<>();
    private int claimedSockets;

    /**
     * Adds what may be claimed.
     *
     * @throws io.github.gracefulnetty.internal.wire.ProtocolException if its metadata makes no sense; then nothing
     *     was added, and the caller still owns the descriptors
     */
    synchronized void inherit(List<Inherited> more) {
        List<Claimed> understood = new ArrayList<>(more.size());
        for (Inherited one : more) {
            boolean socket = one.description().kind().isSocket();
            understood.add(new Claimed(one, socket ? ListenerTraits.of(one) : new ListenerTraits(null, false)));
        }
        inherited.addAll(understood);
    }

    /** The same, with what belongs to them. */
    synchronized List<Inherited> inherited() {
        List<Inherited> all = new ArrayList<>(inherited.size());
        for (Claimed one : inherited) {
            all.add(one.inherited());
        }
        return all;
    }

    /** How many sockets were claimed. */
    synchronized int claimedSockets() {
        return claimedSockets;
    }

    /** What nobody has claimed so far. */
    synchronized List<Description> unclaimed() {
        List<Description> descriptions = new ArrayList<>(inherited.size());
        for (Claimed one : inherited) {
            descriptions.add(one.inherited().description());
        }
        return descriptions;
    }

    /**
     * Closes what nobody has claimed, and returns what that was.
     *
     * @param removePaths whether to remove the paths of unix sockets, too: only if they are ours by now
     */
    synchronized List<Inherited> close(boolean removePaths) {
        List<Inherited> closed = new ArrayList<>(inherited.size());
        for (Claimed one : inherited) {
            if (removePaths && one.traits().removePath()) {
                SocketPath.of(one.inherited().description().local()).remove();
            }
            one.inherited().descriptor().close();
            closed.add(one.inherited());
        }
        inherited.clear();
        return closed;
    }

    /**
     * What is meant, if it is there: one with the wanted name wins, then one that was asked for by this address or is
     * bound to it, then one whose wildcard means the same; among equals the first. A miss is logged with what is left.
     */
    synchronized @Nullable Claimed claim(Wanted wanted) {
        for (Match match : Match.values()) {
            for (int i = 0; i < inherited.size(); i++) {
                Claimed one = inherited.get(i);
                Description description = one.inherited().description();
                if (description.kind() == wanted.kind()
                        && isOfFamily(description, wanted.family())
                        && match.holds(one, wanted)) {
                    if (description.kind().isSocket()) {
                        claimedSockets++;
                    }
                    return inherited.remove(i);
                }
            }
        }
        if (!inherited.isEmpty() && wanted.address() != null) {
            LOGGER.warn(
                    "graceful-netty: {} is none of the inherited descriptors that are left, it is bound anew; left are: {}",
                    wanted,
                    unclaimed());
        }
        return null;
    }

    /** A socket of the IPv6 family that is bound to an IPv4 address is an IPv4 socket to everybody else. */
    private static boolean isOfFamily(Description description, @Nullable StandardProtocolFamily family) {
        if (family == null) {
            return true;
        }
        boolean four = description.local() instanceof InetSocketAddress inet
                && (inet.getAddress() instanceof Inet4Address || description.family() == StandardProtocolFamily.INET);
        return four == (family == StandardProtocolFamily.INET);
    }

    /** The ways in which a claim can mean a socket, the best one first. */
    private enum Match {
        NAME,
        ADDRESS,
        ANY_PORT,
        WILDCARD;

        boolean holds(Claimed one, Wanted wanted) {
            String name = one.inherited().description().name();
            if (this == NAME) {
                return !wanted.name().isEmpty() && name.equals(wanted.name());
            }
            SocketAddress bound = one.inherited().description().local();
            SocketAddress requested = one.traits().requested();
            SocketAddress address = wanted.address();
            if (address == null || bound == null || requested == null) {
                return false;
            }
            return switch (this) {
                case NAME -> false;
                case ADDRESS ->
                    Addresses.same(requested, address) || (port(address) != 0 && Addresses.same(bound, address));
                case ANY_PORT -> port(address) == 0 && port(requested) == 0 && Addresses.equivalent(requested, address);
                case WILDCARD -> port(address) != 0 && Addresses.equivalent(bound, address);
            };
        }
    }

    private static int port(SocketAddress address) {
        return address instanceof InetSocketAddress inet ? inet.getPort() : -1;
    }
}
