// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServersTest {

    @TempDir
    private Path directory = Path.of("");

    @Test
    void knowsAProcessThatIsReadyAndKillsItWhenClosed() throws Exception {
        Process process;
        try (Servers servers = servers(FakeServer.class)) {
            process = servers.start();
            Ready ready = servers.awaitReady(process.toHandle());

            assertThat(ready.pid()).isEqualTo(process.pid());
            assertThat(servers.find(ready.pid())).isEqualTo(process.toHandle());
            assertThatThrownBy(() -> servers.find(-1)).isInstanceOf(UnmetExpectation.class);
        }
        assertThat(process.isAlive()).isFalse();
    }

    @Test
    void startsNothingOnceClosed() throws Exception {
        Servers servers = servers(FakeServer.class);
        servers.close();
        servers.close();

        assertThatThrownBy(() -> servers.start()).isInstanceOf(IOException.class);
    }

    @Test
    void doesNotWaitForAProcessThatHasEnded() throws Exception {
        try (Servers servers = servers(FakeServer.Stillborn.class)) {
            Process process = servers.start();

            assertThatThrownBy(() -> servers.awaitReady(process.toHandle()))
                    .isInstanceOf(UnmetExpectation.class)
                    .hasMessageContaining("ended before");
        }
    }

    private Servers servers(Class<?> main) throws IOException {
        return new Servers(FakeServer.jar(directory, main), directory.resolve("log"));
    }
}
