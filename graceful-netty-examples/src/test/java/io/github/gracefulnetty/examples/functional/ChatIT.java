// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Users of the {@code chat} example stay in their rooms, and hear everything once. */
@Tag("once")
class ChatIT {
    private static final int UPGRADES = 10;
    private static final int USERS = 200;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldLoseAndRepeatNoMessageOverTenUpgrades() throws Exception {
        Replacements server = new Replacements(
                processes,
                JavaCommand.example(
                        "chat",
                        "--port",
                        Integer.toString(FreePort.find()),
                        "--handoff",
                        directory.resolve("chat.sock").toString()));
        try (ChatUsers users = new ChatUsers(server.current().address(), USERS, 4)) {
            for (int upgrade = 1; upgrade <= UPGRADES; upgrade++) {
                users.awaitTalk();
                server.next();
            }
            users.awaitTalk();
            users.awaitSilence();
            System.out.println("MEASURED chat, " + USERS + " users, " + UPGRADES + " upgrades: " + users.said()
                    + " messages said, " + users.heard() + " heard, "
                    + users.mistakes().size() + " mistakes");
            assertThat(users.mistakes()).isEmpty();
            server.assertAllMoved(USERS, "other");
        }
    }
}
