// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.internal.descriptor.Addresses;
import io.github.gracefulnetty.internal.process.UnixSocketFile;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The path of a unix socket of this process, which is removed with it, unless another process owns it. */
final class SocketPath {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(SocketPath.class);

    private final @Nullable UnixSocketFile file;
    private volatile boolean keep;

    private SocketPath(@Nullable UnixSocketFile file) {
        this.file = file;
    }

    /** For a socket without a path, or one whose path is somebody else's. */
    static SocketPath none() {
        return new SocketPath(null);
    }

    /** The file that is at {@code address} now; none for abstract names. */
    static SocketPath of(@Nullable SocketAddress address) {
        return address instanceof DomainSocketAddress unix && !Addresses.isAbstract(unix)
                ? new SocketPath(UnixSocketFile.at(Path.of(unix.path())).orElse(null))
                : none();
    }

    void keep(boolean keepIt) {
        keep = keepIt;
    }

    /** Removes the file if it is still the same and nobody else's. On any thread. */
    void remove() {
        UnixSocketFile ours = file;
        if (ours != null && !keep) {
            try {
                ours.removeIfInPlace();
            } catch (IOException e) {
                LOGGER.warn("graceful-netty: cannot remove unix:{}: {}", ours.path(), e.toString());
            }
        }
    }
}
