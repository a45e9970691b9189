// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

/** A server that is replaced again and again, by HUP and by a second copy in turn. Nothing is taken back. */
final class Replacements {
    private final TestProcesses processes;
    private final JavaCommand command;
    private final List<RunningProcess> copies = new ArrayList<>();
    private ServerGeneration current;

    Replacements(TestProcesses processes, JavaCommand command) {
        this.processes = processes;
        this.command = command.environment("GRACEFUL_NETTY_PROBATION", "0s");
        this.current = start(1);
    }

    ServerGeneration current() {
        return current;
    }

    private ServerGeneration start(int generation) {
        copies.add(processes.start(command));
        return newest().awaitReady(generation);
    }

    private RunningProcess newest() {
        return copies.get(copies.size() - 1);
    }

    /** Replaces it, and waits until the old process has ended: it has no connection left then. */
    void next() {
        ServerGeneration old = current;
        int generation = old.generation() + 1;
        if (generation % 2 == 0) {
            old.hup();
            current = newest().awaitReady(generation);
        } else {
            current = start(generation);
        }
        old.awaitEnd();
    }

    /** All connections moved, each time. */
    void assertAllMoved(int connections, String protocol) {
        String logs =
                String.join("", copies.stream().map(RunningProcess::report).toList());
        assertThat(logs.lines().filter(line -> line.contains("drained ")))
                .as("the drains of " + current.generation() + " generations but the last")
                .hasSize(current.generation() - 1)
                .allSatisfy(line -> assertThat(line)
                        .contains("drained " + connections + " connections")
                        .endsWith(" 0 of them closed by force, " + connections + " moved (" + protocol + ": "
                                + connections + " moved)"));
    }
}
