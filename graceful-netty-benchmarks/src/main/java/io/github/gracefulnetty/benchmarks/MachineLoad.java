// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks;

import java.lang.management.ManagementFactory;
import java.util.Locale;

/** What else this machine does: a figure without it says little. */
public final class MachineLoad {
    private MachineLoad() {}

    /** The load average of the last minute and the number of processors. */
    public static String now() {
        var system = ManagementFactory.getOperatingSystemMXBean();
        return String.format(
                Locale.ROOT, "%.2f on %d processors", system.getSystemLoadAverage(), system.getAvailableProcessors());
    }
}
