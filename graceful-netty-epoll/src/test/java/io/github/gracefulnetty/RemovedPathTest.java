// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.internal.process.Leftover;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Somebody removes the handoff path of a server that runs, or something is left next to it. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class RemovedPathTest {
    @TempDir
    Path directory;

    private Path path;
    private Greeter server;
    private SocketAddress address;

    @BeforeEach
    void start() throws Exception {
        path = directory.resolve("handoff.sock");
        server = new Greeter(
                "server",
                Graceful.builder().handoffPath(path).probation(Duration.ZERO).upgradeCommand(List.of("false")));
        address = server.bind(new InetSocketAddress("127.0.0.1", 0)).localAddress();
        server.graceful.ready().join();
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    @Test
    void shouldPutItInPlaceAgain() throws Exception {
        Files.delete(path);
        server.graceful.runtime().upkeep().tendNow().join();
        try (Greeter young = new Greeter("young", Graceful.builder().handoffPath(path))) {
            young.bind(address);
            young.graceful.ready().join();
            assertThat(server.graceful.awaitExit().handedOver()).isTrue();
            assertThat(Greeter.ask(address)).isEqualTo("young");
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldLeaveAloneWhatIsInPlace() throws Exception {
        Object own = Files.getAttribute(path, "unix:ino");
        server.graceful.runtime().upkeep().tendNow().join();
        assertThat(Files.getAttribute(path, "unix:ino")).isEqualTo(own);
        Files.delete(path);
        Files.writeString(path, "somebody else's");
        server.graceful.runtime().upkeep().tendNow().join();
        assertThat(path).hasContent("somebody else's");
        server.graceful.stop().join();
        assertThat(path).hasContent("somebody else's");
    }

    @Test
    void shouldSayThatItCannotWithoutADirectory() throws Exception {
        Files.delete(path);
        Files.delete(directory);
        server.graceful.runtime().upkeep().tendNow().join();
        assertThatThrownBy(() -> server.graceful.upgrade().join())
                .hasMessageContaining("there is no way for it to connect: somebody has removed");
        assertThat(Greeter.ask(address)).isEqualTo("server");
        Files.createDirectory(directory);
        server.graceful.runtime().upkeep().tendNow().join();
        assertThat(path).exists();
    }

    @Test
    void shouldRemoveWhatAKilledProcessHasLeftThere() throws Exception {
        Process killed = new ProcessBuilder("true").start();
        killed.waitFor();
        Path orphan = Files.createFile(Leftover.nextTo(path, killed.pid()));
        server.graceful.runtime().upkeep().tendNow().join();
        assertThat(orphan).doesNotExist();
    }
}
