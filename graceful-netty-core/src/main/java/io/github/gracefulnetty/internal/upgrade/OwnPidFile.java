// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.process.PidFile;
import io.github.gracefulnetty.internal.transfer.Reasons;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Who owns the PID file while this process serves; does nothing if there is to be none. */
final class OwnPidFile {
    private final Optional<PidFile> file;

    private OwnPidFile(Optional<PidFile> file) {
        this.file = file;
    }

    /** @param path {@code null} for none */
    static OwnPidFile at(@Nullable Path path) {
        return new OwnPidFile(path == null ? Optional.empty() : Optional.of(new PidFile(path)));
    }

    /** Writes it under a temporary name: what can fail, fails now. */
    void prepare() throws IOException {
        if (file.isPresent()) {
            file.get().prepare();
        }
    }

    /** This process serves: puts it in place. */
    void publish() throws IOException {
        if (file.isPresent()) {
            file.get().publish();
        }
    }

    /** This process serves again. */
    void takeBack() throws IOException {
        if (file.isPresent() && !file.get().isOurs()) {
            file.get().publish();
        }
    }

    /** Removes what processes have left that were killed before it was in place. */
    void removeOrphans() {
        file.ifPresent(PidFile::removeOrphans);
    }

    /** Removes it if it is this process's. On any thread. */
    void remove() {
        try {
            if (file.isPresent()) {
                file.get().remove();
            }
        } catch (IOException e) {
            LOGGER.warn("graceful-netty: cannot remove the PID file: {}", Reasons.of(e));
        }
    }
}
