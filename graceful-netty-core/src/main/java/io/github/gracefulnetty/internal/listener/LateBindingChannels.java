// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.connection.ServerDrain;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ServerChannel;

/** Makes late-binding server channels, each of the class that applications expect of its kind. */
public final class LateBindingChannels {
    private LateBindingChannels() {}

    /**
     * A server channel that claims, binds and pauses as {@code register} says.
     *
     * @param plainFactory makes the channel that is used where no native transport drives the event loop
     */
    public static ServerChannel create(
            ListenerRegister register, DescriptorKind kind, ChannelFactory<? extends ServerChannel> plainFactory) {
        return create(register, kind, plainFactory, AcceptedConnections.EACH);
    }

    /** The same, with connections that {@code drain} ends. */
    public static ServerChannel create(
            ListenerRegister register,
            DescriptorKind kind,
            ChannelFactory<? extends ServerChannel> plainFactory,
            ServerDrain drain) {
        return switch (kind) {
            case TCP_LISTENER -> new LateBindingServerSocketChannel(register, plainFactory, drain);
            case UNIX_LISTENER, UNIXPACKET_LISTENER ->
                new LateBindingServerDomainSocketChannel(register, kind, plainFactory, drain);
            default -> throw new IllegalArgumentException("a " + kind + " does not listen");
        };
    }
}
