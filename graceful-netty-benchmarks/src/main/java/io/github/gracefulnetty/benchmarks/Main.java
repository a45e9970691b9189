// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks;

import io.github.gracefulnetty.benchmarks.accept.AcceptBench;
import io.github.gracefulnetty.benchmarks.descriptors.DescriptorsBench;
import io.github.gracefulnetty.benchmarks.restart.LatencyBench;
import io.github.gracefulnetty.benchmarks.restart.MigrationBench;
import io.github.gracefulnetty.benchmarks.restart.RestartBench;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code java -jar benchmarks.jar <benchmark> [options]}. */
@Command(
        name = "benchmarks",
        description = "What graceful-netty costs.",
        subcommands = {
            AcceptBench.class,
            DescriptorsBench.class,
            RestartBench.class,
            MigrationBench.class,
            LatencyBench.class
        },
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
public final class Main {
    private Main() {}

    /** Exit status: 0 if the requirement is met, 1 if it is not or the measurement failed, 2 for wrong options. */
    public static void main(String... arguments) {
        System.exit(new CommandLine(new Main()).execute(arguments));
    }
}
