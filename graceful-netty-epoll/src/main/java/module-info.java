// SPDX-License-Identifier: Apache-2.0

/** The native transport for Linux. It has no API: core finds it as a service. */
module io.github.gracefulnetty.epoll {
    requires io.github.gracefulnetty;
    requires io.netty.transport.classes.epoll;
    requires static org.jspecify;

    provides io.github.gracefulnetty.transport.NativeTransport with
            io.github.gracefulnetty.epoll.EpollTransport;
}
