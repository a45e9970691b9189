// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.kqueue;

import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What can be asked of a socket through Netty, as {@link io.netty.channel.unix.Socket} spells it: a seam for tests,
 * since that class asks its native library as soon as there is an instance.
 */
interface KernelSocket {
    /** Whether the socket's own address is of the family {@code AF_INET6}, whatever it looks like to Java. */
    boolean isIpv6();

    /** @throws io.netty.channel.ChannelException if the socket has no such option */
    int getIntOpt(int level, int name) throws IOException;

    /** @throws io.netty.channel.ChannelException if the socket has no such option */
    void getRawOpt(int level, int name, ByteBuffer value) throws IOException;

    /** Makes sense for the internet families only: Netty does not look at the family. */
    @Nullable
    InetSocketAddress localAddress();

    /** Makes sense for the internet families only: Netty does not look at the family. */
    @Nullable
    InetSocketAddress remoteAddress();

    /** Makes sense for unix sockets only: Netty does not look at the family. */
    @Nullable
    DomainSocketAddress localDomainSocketAddress();

    /** Makes sense for unix sockets only: Netty does not look at the family. */
    @Nullable
    DomainSocketAddress remoteDomainSocketAddress();
}
