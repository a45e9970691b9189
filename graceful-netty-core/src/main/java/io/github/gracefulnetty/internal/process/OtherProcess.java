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

    /** The pid that the kernel tells for a process of a pid namespace that cannot be seen from here. */
    private static final long UNSEEN = 0;

    private OtherProcess() {}

    /** What has become of a process. */
    public enum Fate {
        /** It has ended. */
        DEAD,
        /** It runs. */
        ALIVE,
        /** It is of another pid namespace: only what it does with its connections and sockets tells. */
        UNKNOWN
    }

    /**
     * A process as it is called in messages.
     *
     * @param pid as the kernel tells it to this process, 0 if it cannot
     */
    public static String describe(long pid) {
        return pid == UNSEEN ? "a process of another pid namespace" : "pid " + pid;
    }

    /**
     * Tells on {@code loop} what has become of the process behind a connection that has ended. One that dies closes its
     * descriptors before it is seen to be dead: so it is given a second for that. This process itself counts as dead: whoever
     * was at the other end is gone. A process that cannot be seen is {@link Fate#UNKNOWN}, at once.
     *
     * @param pid as the kernel tells it to this process, 0 if it cannot
     */
    public static void whenKnown(long pid, ScheduledExecutorService loop, Consumer<Fate> fate) {
        look(pid, loop, LOOKS, fate);
    }

    private static void look(long pid, ScheduledExecutorService loop, int looks, Consumer<Fate> fate) {
        Fate now = look(pid);
        if (pid == UNSEEN || now == Fate.DEAD || looks == 0) {
            fate.accept(now);
        } else {
            loop.schedule(() -> look(pid, loop, looks - 1, fate), LOOK_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private static Fate look(long pid) {
        if (pid == UNSEEN) {
            return Fate.UNKNOWN;
        }
        try {
            return pid == ProcessHandle.current().pid() || !isRunning(pid) ? Fate.DEAD : Fate.ALIVE;
        } catch (Throwable t) { // no memory to look: there may be some the next time
            return Fate.UNKNOWN;
        }
    }

    /** Whether a process of our pid namespace runs, or could: a zombie does not. {@code false} for a pid that means nothing here. */
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
