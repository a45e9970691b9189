// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.gracefulnetty.examples.functional.Await;
import io.github.gracefulnetty.examples.functional.Http2Witness;
import io.github.gracefulnetty.examples.functional.JavaCommand;
import io.github.gracefulnetty.examples.functional.Proc;
import io.github.gracefulnetty.examples.functional.Programs;
import io.github.gracefulnetty.examples.functional.RunningProcess;
import io.github.gracefulnetty.examples.functional.ServerGeneration;
import io.github.gracefulnetty.examples.functional.TestProcesses;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A client whose gRPC and HTTP/2 nobody here has written, and that are not Java's, notices no upgrade. */
@Tag("once")
class OtherLanguageIT {
    private static final int UPGRADES = 3;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @Test
    void shouldFailNothingOfNodeOverUpgrades() throws Exception {
        String node = Programs.require("node", "nodejs");
        Path modules = globalModules();
        RunningProcess server = processes.start(JavaCommand.jar(
                Path.of("target/graceful-netty-example-grpc.jar").toAbsolutePath(),
                "--host",
                "127.0.0.1",
                "--port",
                "0"));
        ServerGeneration current = server.awaitReady(1);
        try (Http2Witness witness = Http2Witness.of(current.address())) {
            ProcessBuilder script = new ProcessBuilder(
                    node,
                    Path.of("src/test/resources/strict-client.js").toString(),
                    "127.0.0.1:" + witness.address().getPort());
            script.environment().put("NODE_PATH", modules.toString());
            RunningProcess client = processes.start(script);
            for (int generation = 1; generation <= UPGRADES; generation++) {
                client.out().await("GENERATION " + generation);
                current.hup();
                current = server.awaitReady(generation + 1);
            }
            client.out().await("GENERATION " + (UPGRADES + 1));
            Proc.signal("INT", client.pid());
            assertThat(client.awaitExit()).as(client::report).isZero();
            System.out.println(client.out().await("DONE"));
            witness.assertAllAnswered();
        }
        processes.awaitOnly(current);
        server.assertDrainedGently(UPGRADES);
    }

    private static Path globalModules() throws Exception {
        Process npm = new ProcessBuilder(Programs.require("npm", "npm"), "root", "-g").start();
        Path modules = Path.of(new String(npm.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip());
        Await.until("end of npm", () -> !npm.isAlive());
        assumeTrue(
                Files.isDirectory(modules.resolve("@grpc/grpc-js")),
                "@grpc/grpc-js is missing: npm install -g @grpc/grpc-js");
        return modules;
    }
}
