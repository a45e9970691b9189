// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** What a process does when its test lets it: each step is a file in a directory of its own. */
record Steps(Path directory) {
    private static final long POLL_MILLIS = 10;

    /** Lets the process do its next step, and waits until it says that it has. */
    void let(RunningProcess process, String step) throws IOException {
        begin(step);
        process.out().await("DONE " + step);
    }

    /** Lets the process begin its next step. */
    void begin(String step) throws IOException {
        Files.createFile(directory.resolve(step));
    }

    /** In the process: waits until this step may be done. Opens nothing. */
    void await(String step) throws InterruptedException {
        while (!Files.exists(directory.resolve(step))) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
    }

    /** In the process: says that a step was done. */
    static void done(String step) {
        System.out.println("DONE " + step);
    }
}
