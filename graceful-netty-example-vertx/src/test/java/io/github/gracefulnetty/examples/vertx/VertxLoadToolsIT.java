// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.vertx;

import static io.github.gracefulnetty.examples.vertx.ServerProcess.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Load generators that others have written see no error while a Vert.x server is upgraded. */
class VertxLoadToolsIT {
    @TempDir
    Path directory;

    /** {@code wrk} connects again after {@code Connection: close}, and counts what else happens to its sockets. */
    @Test
    void shouldShowNoSocketErrorToWrk() throws Exception {
        assumeInstalled("wrk", "wrk");
        try (ServerProcess server = ServerProcess.start(directory, 1, "--port", "0")) {
            InetSocketAddress address = server.awaitReady(1).get(0);
            String said = upgradeUnder(
                    server, "wrk", "-t1", "-c16", "-d10s", "http://127.0.0.1:" + address.getPort() + "/slow?ms=5");
            assertThat(said).as(server.log()).contains("Requests/sec").doesNotContain("Socket errors", "Non-2xx");
            server.awaitOnlyNewest();
            server.stop();
        }
    }

    /** {@code h2load} begins nothing after GOAWAY: it counts as failed what it did not even send. */
    @Test
    void shouldLoseNoStreamOfH2load() throws Exception {
        assumeInstalled("h2load", "nghttp2-client");
        String keystore = ServerProcess.keystore(directory);
        try (ServerProcess server = ServerProcess.start(directory, 1, "--tls-port", "0", "--keystore", keystore)) {
            InetSocketAddress address = server.awaitReady(1).get(0);
            String said = upgradeUnder(
                    server,
                    "h2load",
                    "-n100000",
                    "-c8",
                    "-m4",
                    "https://127.0.0.1:" + address.getPort() + "/slow?ms=20");
            Matcher requests = Pattern.compile("(\\d+) started, (\\d+) done, (\\d+) succeeded, .*, 0 timeout")
                    .matcher(said);
            assertThat(requests.find()).as(said).isTrue();
            assertThat(Integer.parseInt(requests.group(1))).isBetween(1, 99_999);
            assertThat(requests.group(2)).isEqualTo(requests.group(1));
            assertThat(requests.group(3)).isEqualTo(requests.group(1));
            server.awaitOnlyNewest();
            server.stop();
        }
    }

    private static void assumeInstalled(String program, String debianPackage) {
        boolean installed = Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(path -> Files.isExecutable(Path.of(path, program)));
        assumeTrue(installed, "this test needs " + program + ": install the Debian package " + debianPackage);
    }

    /** Returns what the program says at its end, after an upgrade. */
    private String upgradeUnder(ServerProcess server, String... command) throws Exception {
        Path output = directory.resolve("tool.log");
        Process tool = new ProcessBuilder(List.of(command))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            server.upgrade(1);
            until("end of " + command[0], () -> !tool.isAlive());
            String said = Files.readString(output);
            System.out.println(said);
            return said;
        } finally {
            tool.destroyForcibly();
        }
    }
}
