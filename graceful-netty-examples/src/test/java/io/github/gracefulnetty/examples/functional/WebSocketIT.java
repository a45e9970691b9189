// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** WebSockets of the {@code websocket} example outlive the processes that serve them. */
class WebSocketIT {
    private static final int UPGRADES = 10;
    private static final int CLIENTS = 200;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldLoseAndRepeatNoMessageOverTenUpgrades() {
        Replacements server = server();
        try (Counters counters = new Counters(server.current().address(), CLIENTS)) {
            counters.awaitNumbersFrom(1);
            for (int upgrade = 1; upgrade <= UPGRADES; upgrade++) {
                server.next();
                counters.awaitNumbersFrom(upgrade + 1);
            }
            counters.awaitSilence();
            System.out.println("MEASURED WebSocket, " + CLIENTS + " clients, " + UPGRADES + " upgrades: "
                    + counters.numbers() + " numbers, " + counters.sent() + " answers, "
                    + counters.mistakes().size() + " mistakes");
            assertThat(counters.mistakes()).isEmpty();
            server.assertAllMoved(CLIENTS, "websocket");
        }
    }

    @Test
    @Tag("once")
    void shouldRunThroughThreeUpgradesInABrowser() throws Exception {
        assumeTrue(Chromium.isPresent(), "no chromium: install the package of that name");
        Replacements server = server();
        String page = "http://127.0.0.1:" + server.current().address().getPort() + "/";
        try (Chromium browser = new Chromium(processes, directory, page)) {
            for (int generation = 1; generation <= 4; generation++) {
                if (generation > 1) {
                    server.next();
                }
                String shown = Integer.toString(generation);
                Await.until("generation " + generation, () -> shown.equals(browser.textOf("generation")));
            }
            System.out.println("MEASURED browser: the counter is at " + browser.textOf("count") + " in generation 4");
            assertThat(browser.textOf("generations")).isEqualTo("4");
            assertThat(browser.textOf("opened")).isEqualTo("1");
            assertThat(browser.textOf("gaps")).isEqualTo("0");
            assertThat(browser.textOf("state")).isEqualTo("open");
        }
    }

    private Replacements server() {
        return new Replacements(
                processes,
                JavaCommand.example(
                        "websocket",
                        "--port",
                        Integer.toString(FreePort.find()),
                        "--handoff",
                        directory.resolve("websocket.sock").toString()));
    }
}
