// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.kqueue;

import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.SocketFacts;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Asks the Darwin kernel about a socket. It has no {@code SO_DOMAIN} and no {@code SO_PROTOCOL}, and its getsockopt
 * refuses {@code SO_ACCEPTCONN} although the header names it. So each kind is known by an option that no other has:
 *
 * <ul>
 *   <li>TCP: {@code TCP_CONNECTION_INFO}, whose first byte tells whether the socket listens.
 *   <li>UDP: {@code UDP_NOCKSUM}, which can be read for IPv6 as well.
 *   <li>A unix stream connection: {@code LOCAL_PEERCRED}, which it keeps when its peer is gone.
 * </ul>
 *
 * A unix datagram socket is known by its absolute path. What remains is {@link DescriptorKind#OTHER}: unix listeners,
 * which look like stream sockets that are not connected, and unix datagram sockets without an absolute path.
 *
 * <p>The family of an internet socket is that of the address which the kernel reports, so a dual-stack socket is IPv6
 * even if it is bound to {@code ::ffff:127.0.0.1}, which Java shows as IPv4.
 */
final class DarwinSocket {
    // From <sys/socket.h>, <sys/un.h>, <netinet/in.h>, <netinet/tcp.h>, <netinet/tcp_fsm.h> and <netinet/udp.h> of
    // macOS; Netty has no names for them.
    private static final int SOL_SOCKET = 0xffff;
    private static final int SO_TYPE = 0x1008;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_CONNECTION_INFO = 0x106;
    private static final int TCPS_LISTEN = 1;
    private static final int IPPROTO_UDP = 17;
    private static final int UDP_NOCKSUM = 1;
    private static final int SOL_LOCAL = 0;
    private static final int LOCAL_PEERCRED = 1;

    private static final SocketFacts UNKNOWN = new SocketFacts(DescriptorKind.OTHER, null, null, null);

    private DarwinSocket() {}

    static SocketFacts inspect(int descriptor) throws IOException {
        try {
            return inspect(new NettySocket(descriptor));
        } catch (ChannelException e) { // the constructor has asked for the address already
            throw new IOException("descriptor " + descriptor + " is not an open socket: " + e.getMessage(), e);
        }
    }

    static SocketFacts inspect(KernelSocket socket) throws IOException {
        // The type is asked first: a unix socket ignores the level of an option, and would answer UDP_NOCKSUM as if it
        // were LOCAL_PEERCRED, which has the same number.
        return switch (socket.getIntOpt(SOL_SOCKET, SO_TYPE)) {
            case SOCK_STREAM -> stream(socket);
            case SOCK_DGRAM -> datagram(socket);
            default -> UNKNOWN;
        };
    }

    private static SocketFacts stream(KernelSocket socket) throws IOException {
        ByteBuffer info = option(socket, IPPROTO_TCP, TCP_CONNECTION_INFO);
        if (info != null) {
            return info.get(0) == TCPS_LISTEN
                    ? new SocketFacts(DescriptorKind.TCP_LISTENER, family(socket), socket.localAddress(), null)
                    : internet(socket, DescriptorKind.TCP_CONNECTION);
        }
        return option(socket, SOL_LOCAL, LOCAL_PEERCRED) != null
                ? unix(socket, DescriptorKind.UNIX_CONNECTION)
                : UNKNOWN;
    }

    private static SocketFacts datagram(KernelSocket socket) throws IOException {
        if (option(socket, IPPROTO_UDP, UDP_NOCKSUM) != null) {
            return internet(socket, DescriptorKind.UDP);
        }
        // Netty reads the address of any family as a path. Where a path begins, other datagram sockets have a port that
        // is always 0, or a small number, and never a slash.
        DomainSocketAddress local = socket.localDomainSocketAddress();
        return local != null && local.path().startsWith("/") ? unix(socket, DescriptorKind.UNIX_DATAGRAM) : UNKNOWN;
    }

    /** The option's first bytes, {@code null} if the socket has no such option. */
    private static @Nullable ByteBuffer option(KernelSocket socket, int level, int name) throws IOException {
        ByteBuffer firstWord = ByteBuffer.allocate(Integer.BYTES); // the kernel copies as much as there is room for
        try {
            socket.getRawOpt(level, name, firstWord);
        } catch (ChannelException e) {
            return null;
        }
        return firstWord;
    }

    private static SocketFacts internet(KernelSocket socket, DescriptorKind kind) {
        return new SocketFacts(kind, family(socket), socket.localAddress(), socket.remoteAddress());
    }

    private static StandardProtocolFamily family(KernelSocket socket) {
        return socket.isIpv6() ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
    }

    private static SocketFacts unix(KernelSocket socket, DescriptorKind kind) {
        return new SocketFacts(
                kind,
                StandardProtocolFamily.UNIX,
                named(socket.localDomainSocketAddress()),
                named(socket.remoteDomainSocketAddress()));
    }

    /** A unix socket that was never bound has an address without a name. */
    private static @Nullable DomainSocketAddress named(@Nullable DomainSocketAddress address) {
        return address == null || address.path().isEmpty() ? null : address;
    }
}
