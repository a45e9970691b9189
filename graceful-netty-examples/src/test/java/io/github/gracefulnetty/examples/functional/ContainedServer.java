// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.Graceful;
import java.nio.file.Path;
import java.time.Duration;

/** A server for a container: it takes over at a path, writes a PID file, and ends when it is replaced or told to. */
final class ContainedServer {
    private ContainedServer() {}

    /** Arguments: the handoff path, the PID file, the directory of its steps, and the probation of its successor. */
    public static void main(String... arguments) throws Exception {
        Graceful graceful = Graceful.builder()
                .handoffPath(Path.of(arguments[0]))
                .pidFile(Path.of(arguments[1]))
                .probation(Duration.parse(arguments[3]))
                .build();
        graceful.ready().join();
        System.out.println("SERVES pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation());
        Thread steps = new Thread(() -> {
            try {
                new Steps(Path.of(arguments[2])).await("stop");
                graceful.stop();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        steps.setDaemon(true);
        steps.start();
        System.out.println("ENDS handedOver=" + graceful.awaitExit().handedOver());
    }
}
