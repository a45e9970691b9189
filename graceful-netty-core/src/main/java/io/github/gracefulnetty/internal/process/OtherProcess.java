// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** What can be told of a process that is no child of this one. */
public final class OtherProcess {
    private static final long LOOK_MILLIS = 5;

    private static final int LOOKS = 200;

    private OtherProcess() {}

    /**
     * Tells on {@code loop} whether the process behind a connection that has ended is dead. One that dies closes its
     * descriptors before it is seen to be dead: so it is given a second for that.
     */
    public static void whenDecided(long pid, ScheduledExecutorService loop, Consumer<Boolean> isDead) {
        look(pid, loop, LOOKS, isDead);
    }

    private static void look(long pid, ScheduledExecutorService loop, int looks, Consumer<Boolean> isDead) {
        boolean runs = pid != ProcessHandle.current().pid() && isRunning(pid);
        if (!runs || looks == 0) {
            isDead.accept(!runs);
        } else {
            loop.schedule(() -> look(pid, loop, looks - 1, isDead), LOOK_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** Whether it runs, or could: a zombie does not. {@code false} for a pid that means nothing here. */
    public static boolean isRunning(long pid) {
        if (pid <= 0) {
            return false;
        }
        if (!Files.exists(Path.of("/proc/self/stat"))) {
            return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
        }
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
            char state = stat.charAt(stat.lastIndexOf(')') + 2); // the name before it may contain anything
            return state != 'Z' && state != 'X';
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            return hasProgram(pid);
        }
    }

    /** It went while it was looked at, or no descriptor is left to look: a link is read without one. A zombie has none. */
    private static boolean hasProgram(long pid) {
        try {
            Files.readSymbolicLink(Path.of("/proc/" + pid + "/exe"));
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            return Files.exists(Path.of("/proc/" + pid)); // somebody else's
        }
    }
}
