// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A file with the pid of the process that serves, for service managers and scripts. It is written under a temporary name
 * and renamed, so it is never there half-written; it is removed only while it names this process.
 */
public final class PidFile {
    private final Path path;
    private final Path temporary;
    private final String content = ProcessHandle.current().pid() + "\n";

    public PidFile(Path path) {
        this.path = path.toAbsolutePath().normalize();
        this.temporary = TemporaryFile.nextTo(this.path);
    }

    /** Writes it under the temporary name: what can fail, fails now. */
    public void prepare() throws IOException {
        try {
            Files.writeString(temporary, content, StandardCharsets.US_ASCII);
        } catch (IOException e) {
            Files.deleteIfExists(temporary);
            throw new IOException("the PID file " + path + " cannot be written: " + e, e);
        }
    }

    /** Puts it in place. */
    public void publish() throws IOException {
        if (!Files.exists(temporary)) {
            prepare();
        }
        Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Whether it names this process. */
    public boolean isOurs() throws IOException {
        try {
            return Files.size(path) <= content.length()
                    && Files.readString(path, StandardCharsets.US_ASCII).equals(content);
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Removes what processes have left that were killed before it was in place. */
    public void removeOrphans() {
        TemporaryFile.removeOrphans(path);
    }

    /** Removes what is ours of it. On any thread. */
    public void remove() throws IOException {
        Files.deleteIfExists(temporary);
        if (isOurs()) {
            Files.deleteIfExists(path);
        }
    }
}
