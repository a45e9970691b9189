// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.internal.descriptor.Addresses;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.OwnedDescriptor;
import io.github.gracefulnetty.internal.listener.ListenerChannel;
import io.github.gracefulnetty.internal.listener.ListenerRegister;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.transfer.Verification;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.unix.UnixChannel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Gives a connection that has moved to the listener that accepted it, as if it had just been accepted: whoever made that
 * listener's bootstrap builds the pipeline. The same for connections that come back. On any thread.
 */
final class Arrivals {
    private final NativeTransport transport;
    private final ListenerRegister register;
    private final MovePolicy policy;
    private final Map<ListenerChannel, Inbox<Arrival>> inboxes = new ConcurrentHashMap<>();
    private volatile @Nullable ListenerChannel last;

    Arrivals(NativeTransport transport, ListenerRegister register, MovePolicy policy) {
        this.transport = transport;
        this.register = register;
        this.policy = policy;
    }

    /** @param from the migration that it comes back from; {@code null} for one that comes from another process */
    void arrive(
            Description description,
            OwnedDescriptor descriptor,
            Luggage luggage,
            @Nullable Object from,
            ArrivalGate.Outcome outcome) {
        ListenerChannel listener = listener(listenerKind(description.kind()), luggage);
        if (listener == null) {
            descriptor.close();
            outcome.refused("nobody listens at " + Addresses.format(luggage.listener()));
            return;
        }
        inboxes.computeIfAbsent(listener, key -> new Inbox<>(key.eventLoop(), new Door(key)))
                .put(new Arrival(description, descriptor, luggage, from, outcome));
    }

    /** Most come from the listener that the one before came from. */
    private @Nullable ListenerChannel listener(DescriptorKind kind, Luggage luggage) {
        ListenerChannel known = last;
        if (known == null || !known.is(kind, luggage.listener(), luggage.listenerName())) {
            known = register.find(kind, luggage.listener(), luggage.listenerName());
            last = known;
        }
        return known;
    }

    /** One connection on its way to its listener, which owns the descriptor. */
    private record Arrival(
            Description description,
            OwnedDescriptor descriptor,
            Luggage luggage,
            @Nullable Object from,
            ArrivalGate.Outcome outcome) {
        void refuse(String reason) {
            descriptor.close();
            outcome.refused(reason);
        }
    }

    /** Where connections come in at one listener. */
    private final class Door implements Inbox.Owner<Arrival> {
        private final ListenerChannel listener;

        Door(ListenerChannel listener) {
            this.listener = listener;
        }

        @Override
        public void take(Arrival arrival) {
            if (!listener.isActive()) {
                arrival.refuse("its listener was closed");
                return;
            }
            Channel connection;
            try {
                connection = arrival.descriptor()
                        .adopt(transport, arrival.description().kind());
            } catch (Throwable t) {
                arrival.refuse("it cannot be adopted: " + Reasons.of(t));
                return;
            }
            try {
                if (arrival.from() == null) { // what comes back is our own
                    Verification.verify(transport, (UnixChannel) connection, arrival.description());
                }
            } catch (Throwable e) {
                connection.unsafe().closeForcibly();
                arrival.outcome().refused(Reasons.of(e));
                return;
            }
            ArrivalGate gate =
                    new ArrivalGate(connection, listener, policy, arrival.luggage(), arrival.from(), arrival.outcome());
            connection.pipeline().addLast("graceful-netty/gate", gate);
            listener.arrived(connection);
            if (!connection.isOpen()) {
                gate.refuse("its listener's handlers did not want it");
            }
        }

        @Override
        public void taken() {
            listener.arrivedSoFar();
        }

        @Override
        public void reject(Arrival arrival) {
            arrival.refuse("the event loop of its listener has ended");
        }
    }

    private static DescriptorKind listenerKind(DescriptorKind connection) {
        return switch (connection) {
            case TCP_CONNECTION -> DescriptorKind.TCP_LISTENER;
            case UNIX_CONNECTION -> DescriptorKind.UNIX_LISTENER;
            case UNIXPACKET_CONNECTION -> DescriptorKind.UNIXPACKET_LISTENER;
            default -> connection;
        };
    }
}
