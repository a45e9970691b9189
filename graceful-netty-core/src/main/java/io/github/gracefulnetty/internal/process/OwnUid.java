// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The user that this process acts as. */
public final class OwnUid {
    /** Java cannot change it, and each connection of a handoff asks for it. */
    private static volatile @Nullable Integer known;

    private OwnUid() {}

    /** The effective user id. */
    public static int get() throws IOException {
        Integer uid = known;
        if (uid == null) {
            uid = find();
            known = uid;
        }
        return uid;
    }

    private static int find() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (Files.isReadable(status)) {
            for (String line : Files.readAllLines(status)) {
                if (line.startsWith("Uid:")) {
                    return Integer.parseInt(line.split("\t", -1)[2]);
                }
            }
        }
        Path probe = Files.createTempFile("graceful-netty", null);
        try {
            return of(probe);
        } finally {
            Files.delete(probe);
        }
    }

    /** The user that a file belongs to; links are not followed. */
    public static int of(Path file) throws IOException {
        return (Integer) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    }
}
