// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.migration;

import io.github.gracefulnetty.internal.listener.LateBindingServerChannel;
import io.github.gracefulnetty.internal.listener.ListenerRegister;
import io.github.gracefulnetty.internal.protocol.Addresses;
import io.github.gracefulnetty.internal.protocol.Description;
import io.github.gracefulnetty.internal.protocol.OwnedDescriptor;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Gives a connection that has moved to the listener that accepted it, as if it had just been accepted: whoever made that
 * listener's bootstrap builds the pipeline. The same for connections that come back. On any thread.
 */
final class Arrivals {
    /** What becomes of one connection. One of both, once, on any thread. */
    interface Outcome {
        /** Its pipeline is there and restored. It neither reads nor writes before {@link ArrivalGate#start}. */
        void taken(ArrivalGate held);

        /** Nobody wants it; this process has closed its copy. */
        void refused(String reason);
    }

    private final NativeTransport transport;
    private final ListenerRegister register;
    private final MovePolicy policy;

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
            Outcome outcome) {
        LateBindingServerChannel listener =
                register.find(listenerKind(description.kind()), luggage.listener(), luggage.listenerName());
        if (listener == null) {
            descriptor.close();
            outcome.refused("nobody listens at " + Addresses.format(luggage.listener()));
            return;
        }
        try {
            listener.eventLoop().execute(() -> give(listener, description, descriptor, luggage, from, outcome));
        } catch (RejectedExecutionException e) {
            descriptor.close();
            outcome.refused("the event loop of its listener has ended");
        }
    }

    private void give(
            LateBindingServerChannel listener,
            Description description,
            OwnedDescriptor descriptor,
            Luggage luggage,
            @Nullable Object from,
            Outcome outcome) {
        if (!listener.isActive()) {
            descriptor.close();
            outcome.refused("its listener was closed");
            return;
        }
        Channel connection;
        try {
            connection = transport.adopt(description.kind(), descriptor.number());
        } catch (RuntimeException e) {
            descriptor.close();
            outcome.refused("it cannot be adopted: " + Reasons.of(e));
            return;
        }
        descriptor.release();
        ArrivalGate gate = new ArrivalGate(connection, listener, policy, luggage, from, outcome);
        connection.pipeline().addLast(gate);
        listener.arrived(connection);
        if (!connection.isOpen()) {
            gate.refuse("its listener's handlers did not want it");
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
