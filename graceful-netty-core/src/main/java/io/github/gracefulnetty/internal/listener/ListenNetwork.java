// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.util.internal.PlatformDependent;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The networks that a listener can be bound on, by the names that Go has for them. */
public enum ListenNetwork {
    TCP("tcp", DescriptorKind.TCP_LISTENER, null),
    TCP4("tcp4", DescriptorKind.TCP_LISTENER, StandardProtocolFamily.INET),
    TCP6("tcp6", DescriptorKind.TCP_LISTENER, StandardProtocolFamily.INET6),
    UNIX("unix", DescriptorKind.UNIX_LISTENER, null),
    UNIXPACKET("unixpacket", DescriptorKind.UNIXPACKET_LISTENER, null);

    // From <netinet/in.h> of Linux and macOS; Netty has no names for them.
    private static final int IPPROTO_IPV6 = 41;
    private static final int IPV6_V6ONLY = PlatformDependent.isOsx() ? 27 : 26;
    private static final ChannelOption<Integer> V6ONLY =
            new IntegerUnixChannelOption("IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY);

    private static final int MAX_PORT = 65535;

    private final String label;
    private final DescriptorKind kind;
    private final @Nullable StandardProtocolFamily family;

    ListenNetwork(String label, DescriptorKind kind, @Nullable StandardProtocolFamily family) {
        this.label = label;
        this.kind = kind;
        this.family = family;
    }

    public static ListenNetwork of(String label) {
        for (ListenNetwork network : values()) {
            if (network.label.equals(label)) {
                return network;
            }
        }
        throw new IllegalArgumentException(
                "unknown network '" + label + "': there are tcp, tcp4, tcp6, unix and unixpacket");
    }

    public DescriptorKind kind() {
        return kind;
    }

    /** The only family that will do, {@code null} if any will. */
    public @Nullable StandardProtocolFamily family() {
        return family;
    }

    /** A channel that is not bound, of the transport if there is one. */
    public ServerChannel plain(@Nullable NativeTransport transport) {
        if (transport != null) {
            DescriptorKind opened = kind == DescriptorKind.UNIXPACKET_LISTENER ? DescriptorKind.UNIX_LISTENER : kind;
            return NativeCalls.unchecked(() -> (ServerChannel) transport.open(opened, family));
        }
        if (kind.isInternet()) {
            return new NioServerSocketChannel();
        }
        throw new UnsupportedOperationException("a " + label + " listener needs a native transport");
    }

    /** What makes a fresh listener of this network one. */
    public Map<ChannelOption<Integer>, Integer> options() {
        return family == StandardProtocolFamily.INET6 ? Map.of(V6ONLY, 1) : Map.of();
    }

    /** @throws IllegalArgumentException if it makes no sense in this network */
    public SocketAddress parse(String address) {
        if (!kind.isInternet()) {
            if (address.isEmpty() || address.equals("@")) {
                throw wrong(address, "it is empty");
            }
            return new DomainSocketAddress(address.charAt(0) == '@' ? "\0" + address.substring(1) : address);
        }
        int colon = address.lastIndexOf(':');
        if (colon < 0) {
            throw wrong(address, "it has no port, host:port is needed");
        }
        String host = address.substring(0, colon);
        boolean brackets = host.startsWith("[") && host.endsWith("]");
        if (!brackets && host.indexOf(':') >= 0) {
            throw wrong(address, "an IPv6 address is written in brackets, [::1]:port");
        }
        return new InetSocketAddress(
                resolve(brackets ? host.substring(1, host.length() - 1) : host, address),
                port(address.substring(colon + 1), address));
    }

    private int port(String text, String address) {
        try {
            int port = Integer.parseInt(text);
            if (port >= 0 && port <= MAX_PORT) {
                return port;
            }
        } catch (NumberFormatException e) {
            throw wrong(address, "'" + text + "' is not a port");
        }
        throw wrong(address, "the port is not between 0 and " + MAX_PORT);
    }

    private InetAddress resolve(String host, String address) {
        String wildcard = family == StandardProtocolFamily.INET6 ? "::" : "0.0.0.0";
        try {
            for (InetAddress candidate : InetAddress.getAllByName(host.isEmpty() ? wildcard : host)) {
                boolean four = candidate instanceof Inet4Address;
                if (family == null || four == (family == StandardProtocolFamily.INET)) {
                    return candidate;
                }
            }
        } catch (UnknownHostException e) {
            throw wrong(address, "there is no host '" + host + "'");
        }
        throw wrong(address, "'" + host + "' has no address of this network");
    }

    private IllegalArgumentException wrong(String address, String why) {
        return new IllegalArgumentException("'" + address + "' is no address of network " + label + ": " + why);
    }
}
