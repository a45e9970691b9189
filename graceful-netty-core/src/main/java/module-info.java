// SPDX-License-Identifier: Apache-2.0

/** Replaces a running Netty server by a new process without any client noticing. */
@SuppressWarnings("module") // those that one package is exported to are compiled later
module io.github.gracefulnetty {
    requires transitive io.netty.buffer;
    requires transitive io.netty.common;
    requires transitive io.netty.transport;
    requires transitive io.netty.transport.unix.common;
    requires io.netty.codec;
    requires static io.netty.codec.http;
    requires static io.netty.codec.http2;
    // Signals, by reflection.
    requires jdk.unsupported;
    requires static org.jspecify;

    exports io.github.gracefulnetty;
    exports io.github.gracefulnetty.activation;
    exports io.github.gracefulnetty.connection;
    exports io.github.gracefulnetty.handoff;
    exports io.github.gracefulnetty.transport;
    exports io.github.gracefulnetty.internal.transport to
            io.github.gracefulnetty.epoll,
            io.github.gracefulnetty.kqueue;

    uses io.github.gracefulnetty.transport.NativeTransport;
}
