// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A process that a test leads step by step, and counts the descriptors of. */
record ControlledProcess(RunningProcess process, Steps steps) {
    void let(String step) throws IOException {
        steps.let(process, step);
    }

    void begin(String step) throws IOException {
        steps.begin(step);
    }

    /** What is open now, in alphabetical order. */
    List<String> descriptors() {
        return Proc.descriptorKinds(process.pid());
    }

    /** Waits until exactly this is open. */
    void awaitDescriptors(List<String> exactly) {
        Await.untilAsserted(
                "descriptors of " + process,
                () -> assertThat(descriptors()).as(process::report).containsExactlyElementsOf(exactly));
    }

    /** Waits until exactly this is open, and so many more of some kinds. */
    void awaitDescriptorsAndMore(List<String> exactly, int more, List<String> kinds) {
        Await.untilAsserted("more descriptors of " + process, () -> {
            List<String> open = new ArrayList<>(descriptors());
            exactly.forEach(open::remove);
            assertThat(open).hasSize(more).allMatch(kinds::contains);
        });
    }

    /** Lets it end, which has to be a good end. */
    void end() throws IOException {
        begin("end");
        assertThat(process.awaitExit()).as(process::report).isZero();
    }
}
