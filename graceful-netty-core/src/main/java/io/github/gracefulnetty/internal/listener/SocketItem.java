// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.netty.channel.Channel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import org.jspecify.annotations.Nullable;

/** A channel's socket as it is handed over. It stays the channel's. */
record SocketItem(Channel channel, Description description, ListenerTraits traits) implements DescriptorSender.Item {
    @Override
    public Bytes metadata() {
        return traits.toBytes();
    }

    @Override
    public @Nullable FileDescriptor descriptor() {
        return channel instanceof UnixChannel unix && unix.isOpen() ? unix.fd() : null;
    }
}
