// SPDX-License-Identifier: Apache-2.0

/** The native transport for macOS. It has no API: core finds it as a service. */
module io.github.gracefulnetty.kqueue {
    requires io.github.gracefulnetty;
    requires io.netty.transport.classes.kqueue;
    requires static org.jspecify;

    provides io.github.gracefulnetty.transport.NativeTransport with
            io.github.gracefulnetty.kqueue.KQueueTransport;
}
