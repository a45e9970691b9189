// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.connection.ServerDrain;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.ServerDomainSocketChannel;
import org.jspecify.annotations.Nullable;

/** A late-binding unix listener. */
final class LateBindingServerDomainSocketChannel extends LateBindingServerChannel implements ServerDomainSocketChannel {
    LateBindingServerDomainSocketChannel(
            ListenerRegister register,
            DescriptorKind kind,
            ChannelFactory<? extends ServerChannel> plainFactory,
            ServerDrain drain) {
        super(register, kind, plainFactory, drain);
    }

    @Override
    public @Nullable DomainSocketAddress localAddress() {
        return (DomainSocketAddress) super.localAddress();
    }

    @Override
    public @Nullable DomainSocketAddress remoteAddress() {
        return null;
    }

    /** @throws IllegalStateException before the channel is bound and after it is closed: there is none then */
    @Override
    public FileDescriptor fd() {
        FileDescriptor descriptor = descriptor();
        if (descriptor == null) {
            throw new IllegalStateException("this listener has no descriptor: it is not bound, or closed");
        }
        return descriptor;
    }
}
