// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufUtil;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A slow upload and a long download by {@code curl} that are in progress when their server is replaced arrive whole. */
@Tag("once")
class CurlIT {
    private static final int UPLOADED = 16_000_000; // at 2 MB/s, so that it lasts until it is stopped

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @ParameterizedTest(name = "migration: {0}")
    @ValueSource(strings = {"true", "false"})
    void shouldTransferEveryByteOverAnUpgrade(String migrate) throws Exception {
        Path downloaded = directory.resolve("downloaded");
        Path upload = directory.resolve("upload");
        byte[] content = TransferServer.content();
        Files.write(upload, Arrays.copyOf(content, UPLOADED));
        RunningProcess server = processes.start(JavaCommand.main(TransferServer.class)
                .jvm("-Xmx400m")
                .environment("GRACEFUL_NETTY_PROBATION", "0s")
                .environment("GRACEFUL_NETTY_DRAIN_TIMEOUT", "80s")
                .environment("GRACEFUL_NETTY_MIGRATE_CONNECTIONS", migrate));
        ServerGeneration old = server.awaitReady(1);
        RunningProcess slow = curl(old, "--verbose", "--limit-rate", "2M", "--upload-file", upload.toString());
        slow.err().await("100 Continue");
        Proc.stop(slow.pid());
        RunningProcess download = curl(old, "--limit-rate", "20M", "--output", downloaded.toString());
        Await.until("the download has begun", () -> Files.exists(downloaded) && Files.size(downloaded) > 0);
        Proc.stop(download.pid());
        old.hup();
        ServerGeneration young = server.awaitReady(2);
        server.err().await("handed over to pid " + young.pid());
        assertThat(Files.size(downloaded)).isLessThan(TransferServer.SIZE);
        Proc.signal("CONT", download.pid());
        Proc.signal("CONT", slow.pid());
        assertThat(download.awaitExit()).isZero();
        assertThat(slow.awaitExit()).isZero();
        assertThat(Files.mismatch(downloaded, write(content))).isEqualTo(-1);
        String digest = ByteBufUtil.hexDump(TransferServer.digest().digest(Files.readAllBytes(upload)));
        assertThat(slow.out().text()).isEqualTo(old.pid() + " " + digest + "\n");
        old.awaitEnd();
        server.assertDrainedGently(1);
    }

    private Path write(byte[] content) throws Exception {
        return Files.write(directory.resolve("content"), content);
    }

    private RunningProcess curl(ServerGeneration server, String... options) {
        ProcessBuilder builder = new ProcessBuilder(
                Programs.require("curl", "curl"), "--silent", "--show-error", "--no-buffer", "--fail");
        builder.command().addAll(List.of(options));
        builder.command().add("http://127.0.0.1:" + server.address().getPort() + "/");
        return processes.start(builder);
    }
}
