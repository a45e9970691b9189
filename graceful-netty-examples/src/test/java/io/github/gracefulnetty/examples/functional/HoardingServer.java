// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.examples.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * The examples' command line, in a process that takes all descriptors that it may still open, but for some, and gives them
 * back, when its test lets it. Arguments: the directory of the steps, then those of {@link Main}. Its successors are the same.
 */
final class HoardingServer {
    static final int MOST_FREE = 20;

    private static final long POLL_MILLIS = 5;

    private HoardingServer() {}

    /** What one process is told: files in the directory of the steps, with its pid and a number in their names. */
    record Hoard(Steps steps, long pid, int round) {
        static Hoard first(Path directory, long pid) {
            return new Hoard(new Steps(directory), pid, 1);
        }

        Hoard next() {
            return new Hoard(steps, pid, round + 1);
        }

        private String leave(int free) {
            return "leave-" + pid + "-" + round + "-" + free;
        }

        private String release() {
            return "release-" + pid + "-" + round;
        }

        /** Lets it have so many descriptors, and waits until it has. */
        void let(RunningProcess process, int free) throws IOException {
            steps.let(process, leave(free));
        }

        /** Lets it have all again, and waits until it has. */
        void letGo(RunningProcess process) throws IOException {
            steps.let(process, release());
        }

        /** In the process: does what it is told. */
        void obey(OwnDescriptors own) throws IOException, InterruptedException {
            for (int free = 0; ; free = free == MOST_FREE ? 0 : free + 1) {
                if (Files.exists(steps.directory().resolve(leave(free)))) {
                    own.leave(free);
                    Steps.done(leave(free));
                    break;
                }
                if (free == MOST_FREE) {
                    TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
                }
            }
            steps.await(release());
            own.close();
            Steps.done(release());
        }
    }

    public static void main(String... arguments) {
        Path directory = Path.of(arguments[0]);
        Thread hoarder = new Thread(() -> obey(directory), "hoarder");
        hoarder.setDaemon(true);
        hoarder.start();
        Main.main(Arrays.copyOfRange(arguments, 1, arguments.length));
    }

    private static void obey(Path directory) {
        Hoard hoard = Hoard.first(directory, ProcessHandle.current().pid());
        try (OwnDescriptors own = new OwnDescriptors()) {
            while (true) {
                hoard.obey(own);
                hoard = hoard.next();
            }
        } catch (IOException | InterruptedException e) {
            System.err.println("the hoarder has failed: " + e);
        }
    }
}
