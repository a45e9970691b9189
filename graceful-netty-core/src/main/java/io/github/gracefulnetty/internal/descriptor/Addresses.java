// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.descriptor;

import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;

/** How socket addresses are compared and written. */
public final class Addresses {
    private Addresses() {}

    /** How an address is written in logs and messages: {@code 127.0.0.1:80}, {@code [::1]:80}, {@code unix:/path}, {@code unix:@abstract}. */
    public static String format(SocketAddress address) {
        if (address instanceof InetSocketAddress inet) {
            if (inet.isUnresolved()) {
                return inet.getHostString() + ":" + inet.getPort();
            }
            String host = NetUtil.toAddressString(inet.getAddress());
            return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + inet.getPort();
        }
        if (address instanceof DomainSocketAddress unix) {
            return "unix:" + (isAbstract(unix) ? "@" + unix.path().substring(1) : unix.path());
        }
        return address.toString();
    }

    /** Whether a unix address is a name in the abstract namespace of Linux, which no file stands for. */
    public static boolean isAbstract(DomainSocketAddress address) {
        return !address.path().isEmpty() && address.path().charAt(0) == '\0';
    }

    /** The address in the form that is compared: paths absolute, without dots. */
    public static SocketAddress normalise(SocketAddress address) {
        if (address instanceof DomainSocketAddress unix && !unix.path().isEmpty() && !isAbstract(unix)) {
            return new DomainSocketAddress(
                    Path.of(unix.path()).toAbsolutePath().normalize().toString());
        }
        return address;
    }

    /** Whether both stand for the same place to listen at, exactly. */
    public static boolean same(SocketAddress left, SocketAddress right) {
        return normalise(left).equals(normalise(right));
    }

    /** Like {@link #same}, and {@code 0.0.0.0} is the same as {@code [::]}. */
    public static boolean equivalent(SocketAddress left, SocketAddress right) {
        if (left instanceof InetSocketAddress a && right instanceof InetSocketAddress b) {
            boolean wildcards = isWildcard(a.getAddress()) && isWildcard(b.getAddress());
            return (wildcards && a.getPort() == b.getPort()) || same(left, right);
        }
        return same(left, right);
    }

    private static boolean isWildcard(InetAddress address) {
        return address != null && address.isAnyLocalAddress();
    }
}
