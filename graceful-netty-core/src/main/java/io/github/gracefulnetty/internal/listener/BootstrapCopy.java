// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.netty.bootstrap.AbstractBootstrap;
import io.netty.bootstrap.AbstractBootstrapConfig;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.util.AttributeKey;
import java.net.SocketAddress;

/** Copies what two bootstraps have in common, but for group and channel factory. */
public final class BootstrapCopy {
    private BootstrapCopy() {}

    @SuppressWarnings("unchecked")
    public static void copy(AbstractBootstrapConfig<?, ?> from, AbstractBootstrap<?, ?> to) {
        SocketAddress address = from.localAddress();
        if (address != null) {
            to.localAddress(address);
        }
        ChannelHandler handler = from.handler();
        if (handler != null) {
            to.handler(handler);
        }
        from.options().forEach((option, value) -> to.option((ChannelOption<Object>) option, value));
        from.attrs().forEach((key, value) -> to.attr((AttributeKey<Object>) key, value));
    }
}
