// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.nio.file.Path;

/** What a process leaves that is killed before it can rename it. */
public final class Leftover {
    private Leftover() {}

    /** A name next to {@code target} that tells of a process of our pid namespace. */
    public static Path nextTo(Path target, long pid) {
        return TemporaryFile.nextTo(target, PidNamespace.own(), pid);
    }
}
