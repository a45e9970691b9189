// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.kqueue;

import io.netty.channel.unix.Socket;
import io.netty.util.NetUtil;

/** A descriptor that somebody else owns, as Netty sees it. */
final class NettySocket extends Socket implements KernelSocket {
    /** @throws io.netty.channel.ChannelException if the descriptor is not an open socket */
    NettySocket(int descriptor) {
        super(descriptor);
    }

    @Override
    public boolean isIpv6() {
        // For an IPv4 address the answer depends on the socket alone. Netty has no other way to tell.
        return useIpv6(this, NetUtil.LOCALHOST4);
    }
}
