// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;

/**
 * A directory in which nobody else can replace what this process puts there: others cannot write to it, or it is sticky.
 * Looked at through links. Who owns the directory, or one above it, can replace everything; that is not looked at.
 */
public final class OwnDirectory {
    private static final int S_ISVTX = 01000;
    private static final int S_IWGRP = 020;
    private static final int S_IWOTH = 02;

    private OwnDirectory() {}

    /**
     * Checks a directory.
     *
     * @param what could be replaced, for the message
     * @throws IOException if others can replace something there, saying what to do; or if it cannot be looked at
     */
    public static void check(Path directory, String what) throws IOException {
        Path real = directory.toRealPath();
        if (Files.getFileAttributeView(real, PosixFileAttributeView.class) == null) {
            return; // a system that has no such permissions
        }
        int mode = (Integer) Files.getAttribute(real, "unix:mode");
        int group = (Integer) Files.getAttribute(real, "unix:gid");
        if ((mode & S_ISVTX) != 0) {
            return;
        }
        if ((mode & S_IWOTH) != 0) {
            throw new IOException("others may write to the directory " + directory
                    + " and it is not sticky, so anybody could replace the " + what + ": chmod o-w " + real);
        }
        if ((mode & S_IWGRP) != 0) {
            String others = Accounts.ofThisSystem().whoElseIsIn(group, OwnUid.get());
            if (!others.isEmpty()) {
                throw new IOException("a group may write to the directory " + directory
                        + " and it is not sticky, so its members could replace the " + what + " (" + others
                        + "): chmod g-w " + real);
            }
        }
    }
}
