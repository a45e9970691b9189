// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.connection.ServerDrain;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.ServerSocketChannel;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** A late-binding TCP listener; a {@link ServerSocketChannel}, as initialisers of applications expect. */
final class LateBindingServerSocketChannel extends LateBindingServerChannel implements ServerSocketChannel {
    LateBindingServerSocketChannel(
            ListenerRegister register, ChannelFactory<? extends ServerChannel> plainFactory, ServerDrain drain) {
        super(register, DescriptorKind.TCP_LISTENER, plainFactory, drain);
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        return (InetSocketAddress) super.localAddress();
    }

    @Override
    public @Nullable InetSocketAddress remoteAddress() {
        return null;
    }
}
