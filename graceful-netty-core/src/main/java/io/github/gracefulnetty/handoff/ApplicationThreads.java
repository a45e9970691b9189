// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.transfer.Callbacks;

/** Where the application's own code runs, for all handoffs of this process: it may block there. */
final class ApplicationThreads {
    static final Callbacks CALLBACKS = new Callbacks();

    private ApplicationThreads() {}
}
