// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.transport;

/** The kinds of descriptor that can be handed over. */
public enum DescriptorKind {
    /** A TCP listener, IPv4 or IPv6. */
    TCP_LISTENER("tcp"),
    /** A unix stream listener, with a path or an abstract name. */
    UNIX_LISTENER("unix"),
    /** A unix listener for sequenced packets. Netty cannot open one, only go on with one. */
    UNIXPACKET_LISTENER("unixpacket"),
    /** A TCP connection, IPv4 or IPv6. */
    TCP_CONNECTION("tcp connection"),
    /** A unix stream connection. */
    UNIX_CONNECTION("unix connection"),
    /** A unix connection for sequenced packets. */
    UNIXPACKET_CONNECTION("unixpacket connection"),
    /** A UDP socket, IPv4 or IPv6, connected or not. */
    UDP("udp"),
    /** A unix datagram socket. */
    UNIX_DATAGRAM("unix datagram"),
    /** A regular file. */
    FILE("file"),
    /** One end of a pipe. */
    PIPE("pipe"),
    /** Anything else: it is passed as it is, and nothing about it is verified. */
    OTHER("descriptor");

    private final String label;

    DescriptorKind(String label) {
        this.label = label;
    }

    /** Whether it is a socket that accepts connections. */
    public boolean isListener() {
        return this == TCP_LISTENER || this == UNIX_LISTENER || this == UNIXPACKET_LISTENER;
    }

    /** Whether it is one connection. */
    public boolean isConnection() {
        return this == TCP_CONNECTION || this == UNIX_CONNECTION || this == UNIXPACKET_CONNECTION;
    }

    /** Whether it is a datagram socket. */
    public boolean isDatagram() {
        return this == UDP || this == UNIX_DATAGRAM;
    }

    /** Whether it is a socket of the internet families. */
    public boolean isInternet() {
        return this == TCP_LISTENER || this == TCP_CONNECTION || this == UDP;
    }

    /** Whether it is a socket, of whatever family. */
    public boolean isSocket() {
        return isListener() || isConnection() || isDatagram();
    }

    @Override
    public String toString() {
        return label;
    }
}
