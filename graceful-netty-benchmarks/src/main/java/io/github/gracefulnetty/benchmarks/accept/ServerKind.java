// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.accept;

/** What binds the server that is measured. */
public enum ServerKind {
    /** Netty's own {@code ServerBootstrap}. */
    PLAIN,
    /** {@code GracefulBootstrap}. */
    GRACEFUL
}
