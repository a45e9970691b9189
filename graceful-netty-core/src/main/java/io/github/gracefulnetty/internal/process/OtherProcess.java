// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** What can be told of a process that is no child of this one. */
public final class OtherProcess {
    private OtherProcess() {}

    /** Whether it runs, or could: a zombie does not. {@code false} for a pid that means nothing here. */
    public static boolean isRunning(long pid) {
        if (pid <= 0 || !ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)) {
            return false;
        }
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
            char state = stat.charAt(stat.lastIndexOf(')') + 2); // the name before it may contain anything
            return state != 'Z' && state != 'X';
        } catch (NoSuchFileException e) {
            return !Files.exists(Path.of("/proc/self/stat")); // where there is no such thing, it is as it was said
        } catch (IOException e) {
            return false; // it went while it was looked at
        }
    }
}
