// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.descriptors;

/** What has to have become of the last descriptor when the clock stops. */
enum Outcome {
    /** It was received, verified and given to the application. */
    RAW,
    /** It is an active channel, registered with an event loop of the application. */
    REGISTERED
}
