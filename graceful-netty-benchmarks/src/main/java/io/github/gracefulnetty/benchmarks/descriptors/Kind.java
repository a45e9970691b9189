// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.descriptors;

/** What is handed over. */
enum Kind {
    /** TCP connections over loopback. */
    CONNECTION,
    /** TCP listeners on ports of the kernel's choice. */
    LISTENER
}
