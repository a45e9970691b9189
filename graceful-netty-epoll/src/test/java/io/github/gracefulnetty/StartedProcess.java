// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.internal.wire.Token;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.awaitility.Awaitility;

/** What an upgrade has started: a process that only writes down its ticket, so that a peer in this JVM can show it. */
final class StartedProcess implements AutoCloseable {
    private static final String SCRIPT =
            "echo $$:$GRACEFUL_NETTY_PREDECESSOR > \"$0.new\" && mv \"$0.new\" \"$0\" && exec sleep 600";

    private final String[] parts;

    private StartedProcess(String note) {
        parts = note.trim().split(":", 4);
    }

    /** For {@code upgradeCommand}; {@code note} is the file that the process writes. */
    static List<String> command(Path note) {
        return List.of("sh", "-c", SCRIPT, note.toString());
    }

    /** Waits until it runs. */
    static StartedProcess at(Path note) throws IOException {
        Awaitility.await().until(() -> Files.exists(note));
        return new StartedProcess(Files.readString(note));
    }

    Token ticket() {
        return Token.parse(parts[2]);
    }

    /** Its successor is to connect there. */
    Path path() {
        return Path.of(parts[3]);
    }

    @Override
    public void close() {
        ProcessHandle.of(Long.parseLong(parts[0])).ifPresent(ProcessHandle::destroyForcibly);
    }
}
