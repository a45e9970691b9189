// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.internal.process.ChildProcess;
import io.github.gracefulnetty.internal.process.OtherProcess;
import io.github.gracefulnetty.internal.process.ServiceManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Looks at other processes and starts some, while it may open no descriptor at all, then one, then two, and so on. */
final class ScarceProcess {
    private static final String TRUE = "/bin/true";

    private ScarceProcess() {}

    /** Arguments: the directory of steps, a path, how many may be free at most. */
    public static void main(String... arguments) throws Exception {
        Steps steps = new Steps(Path.of(arguments[0]));
        OwnDescriptors.warmUp(steps.directory());
        Process zombie = new ProcessBuilder("/bin/sh", "-c", TRUE + " & echo $!; exec sleep 1000").start();
        long orphan = Long.parseLong(zombie.inputReader().readLine()); // its parent will never wait for it
        Process ended = ChildProcess.start(new ProcessBuilder(TRUE).inheritIO());
        ended.waitFor();
        while (OtherProcess.isRunning(orphan)) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
        look(zombie.pid(), orphan, ended.pid());
        tell(arguments[1]);
        Steps.done("start");
        steps.await("begin");
        for (int free = 0; free <= Integer.parseInt(arguments[2]); free++) {
            String seen;
            String started;
            try (OwnDescriptors own = new OwnDescriptors()) {
                own.leave(free);
                seen = look(zombie.pid(), orphan, ended.pid());
                started = start();
                tell(arguments[1]);
            }
            System.out.println("FREE " + free + " " + seen + " " + started);
        }
        Steps.done("begin");
        steps.await("end");
        zombie.destroyForcibly().waitFor();
    }

    /** A service manager that nobody is. */
    private static void tell(String path) {
        ServiceManager.at(path).serving("serving");
    }

    private static String look(long running, long zombie, long ended) {
        return "running " + OtherProcess.isRunning(running) + ", zombie " + OtherProcess.isRunning(zombie) + ", ended "
                + OtherProcess.isRunning(ended);
    }

    private static String start() throws InterruptedException {
        try {
            return "STARTED "
                    + ChildProcess.start(new ProcessBuilder(TRUE).inheritIO()).waitFor();
        } catch (IOException e) {
            return "NOT STARTED: " + e.getMessage();
        }
    }
}
