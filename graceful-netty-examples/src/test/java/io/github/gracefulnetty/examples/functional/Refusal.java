// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

/** How the example server ends when it cannot serve: status 1, one clear line on standard error, and nothing else. */
final class Refusal {
    private Refusal() {}

    /** Waits for the end, and looks for {@code parts} in the line. {@link TestProcesses} looks for stack traces. */
    static void assertRefuses(RunningProcess process, String... parts) {
        assertThat(process.awaitExitAndOutput())
                .as(() -> "status of " + process.report())
                .isEqualTo(1);
        assertThat(process.err().lines())
                .as(process::report)
                .filteredOn(line -> line.contains("error") || line.contains("Exception"))
                .singleElement()
                .asString()
                .startsWith("error: ")
                .doesNotContain("Exception")
                .contains(parts);
        assertThat(process.out().lines()).as("standard output").isEmpty();
    }
}
